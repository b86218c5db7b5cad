import { type ModelReference, tableName } from '../../platform/map/index.ts';
import { quoteIdentifier, quoteLiteral } from '../../platform/quote.ts';

/**
 * SQL: whether a row `alias` refers to one of the rows of its reference's table that `where` tells, over their alias
 * `inner`. What is equal by convention is compared as text.
 */
export function refersTo(reference: ModelReference, alias: string, inner: string, where: string): string {
  const from = referringSql(reference, alias);
  const to = referredSql(reference, inner);
  return `(${from}) in (select ${to} from ${tableName(reference.toTable)} ${inner} where ${where})`;
}

/** SQL, the other way round: whether one of the rows that `where` tells over `inner` refers to a row `alias`. */
export function referredBy(reference: ModelReference, alias: string, inner: string, where: string): string {
  const from = referringSql(reference, inner);
  return `(${referredSql(reference, alias)}) in (select ${from} from ${tableName(reference.fromTable)} ${inner} where ${where})`;
}

/** SQL: what the referring row `alias` has, as it is compared. */
export function referringSql(reference: ModelReference, alias: string): string {
  const { columns, entry } = reference;
  return columns
    .map((name) => {
      const column = `${alias}.${quoteIdentifier(name)}`;
      if (entry.path === undefined) return folded(reference, column);
      return folded(
        reference,
        `pg_catalog.jsonb_path_query_first(${column}::jsonb, ${quoteLiteral(entry.path)}) #>> '{}'`,
      );
    })
    .join(', ');
}

/** SQL: what the row `alias` that is referred to has, as it is compared. */
export function referredSql(reference: ModelReference, alias: string): string {
  return reference.toColumns.map((name) => folded(reference, `${alias}.${quoteIdentifier(name)}`)).join(', ');
}

function folded({ entry }: ModelReference, sql: string): string {
  const text = entry.kind === 'soft' ? `(${sql})::text` : sql;
  const lower = entry.fold?.startsWith('lower') === true ? `pg_catalog.lower(${text})` : text;
  return entry.fold?.endsWith('nfc') === true ? `pg_catalog.normalize(${lower}, 'NFC')` : lower;
}
