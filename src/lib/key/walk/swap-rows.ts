import type { Queryable } from '../../base/postgres.ts';
import { tableName } from '../../platform/map/index.ts';
import { quoteIdentifier } from '../../platform/quote.ts';
import type { WalkableTable } from '../../platform/walk/index.ts';
import type { KeyedRow } from './row-work.ts';

/**
 * Which version of a row was read: its place and the transaction that wrote it, in PostgreSQL's text. By these it is
 * compared where a value in clear must not stand in a statement, which a server may log.
 */
export interface RowVersion {
  readonly ctid: string;
  readonly xmin: string;
}

export interface VersionedRow extends KeyedRow {
  readonly version: RowVersion;
}

/** What `versionOf` is made of, for `walkTable`; under names of our own, which no column stands in the way of. */
export const versionExpressions = { 'postern ctid': 'walked.ctid', 'postern xmin': 'walked.xmin' } as const;

export const versionOf = (row: Readonly<Record<string, string | null>>): RowVersion => ({
  ctid: row['postern ctid'] ?? '',
  xmin: row['postern xmin'] ?? '',
});

export interface SwappedTable {
  /** Canonical `schema.table`. */
  readonly table: string;
  readonly walkable: WalkableTable;
}

export interface RowChange {
  /** SQL over the columns of `n`. */
  readonly set: string;
  readonly columns: readonly {
    readonly name: string;
    readonly type: string;
    readonly values: readonly unknown[];
  }[];
}

/**
 * Changes rows that are still the version that was read. One statement, which is one transaction.
 * @returns the positions of those that were changed; what the application changed meanwhile stays as it is
 */
export async function swapRows(
  db: Queryable,
  { table, walkable }: SwappedTable,
  rows: readonly VersionedRow[],
  { set, columns }: RowChange,
): Promise<ReadonlySet<number>> {
  if (rows.length === 0) return new Set();
  const keys = walkable.key.map(({ name, type }, index) => ({
    name: `key${index}`,
    // A key's type may be a domain, whose arrays are cast element by element.
    cast: `text[]::${type}[]`,
    own: quoteIdentifier(name),
    values: rows.map(({ key }) => key[index]),
  }));
  const all = [
    ...keys,
    { name: 'at', cast: 'text[]::tid[]', values: rows.map(({ version }) => version.ctid) },
    { name: 'since', cast: 'text[]::xid[]', values: rows.map(({ version }) => version.xmin) },
    ...columns.map(({ name, type, values }) => ({ name, cast: `${type}[]`, values })),
  ];
  const { rows: changed } = await db.query<{ position: string }>(
    `update ${walkable.kind === 'table' ? 'only ' : ''}${tableName(table)} t set ${set}
     from unnest(${all.map(({ cast }, index) => `$${index + 1}::${cast}`).join(', ')})
       with ordinality n(${all.map(({ name }) => name).join(', ')}, position)
     where ${keys.map(({ own, name }) => `t.${own} = n.${name}`).join(' and ')}
       and t.ctid = n.at and t.xmin = n.since
     returning n.position::text as position`,
    all.map(({ values }) => values),
  );
  return new Set(changed.map(({ position }) => Number(position) - 1));
}
