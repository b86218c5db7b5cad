import type { ModelTable } from '../../platform/map/index.ts';
import { quoteIdentifier } from '../../platform/quote.ts';
import type { Parameters } from '../identity/spots.ts';

/** A row that is the person, in one of the map's root tables. */
export interface RootRow {
  /** Canonical `schema.table`. */
  readonly table: string;
  /** In the order of the primary key, in PostgreSQL's text form. */
  readonly key: readonly string[];
  /** Null where the table has no tenant. */
  readonly tenant: string | null;
}

/** SQL: whether a row `alias` is one of these. */
export function isOneOf(
  { entry }: ModelTable,
  alias: string,
  rows: readonly RootRow[],
  { add }: Pick<Parameters, 'add'>,
): string {
  const columns = entry.primary_key ?? [];
  const own = columns.map((name) => `${alias}.${quoteIdentifier(name)}::text`);
  // One function each: unnest of several arrays is syntax, and no function of pg_catalog.
  const arrays = columns.map(
    (_, index) => `pg_catalog.unnest(${add(rows.map(({ key }) => key[index]))}::text[])`,
  );
  return `(${own.join(', ')}) in (select * from rows from (${arrays.join(', ')}) as k)`;
}
