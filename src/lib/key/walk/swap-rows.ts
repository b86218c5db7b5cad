import type { Queryable } from '../../base/postgres.ts';
import { tableName } from '../../platform/map/index.ts';
import { quoteIdentifier } from '../../platform/quote.ts';
import type { WalkableTable } from '../../platform/walk/index.ts';
import { type ChangedRows, changeKept } from './kept-rows.ts';
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
  /** SQL over the columns of `n`, and of `t` as they stand afterwards: whether they are what was sent. */
  readonly isKept: string;
  readonly columns: readonly {
    readonly name: string;
    readonly type: string;
    readonly values: readonly unknown[];
  }[];
}

/**
 * Changes rows that are still the version that was read, where what was sent stays. One transaction.
 * @returns what became of them, by position; what the application changed meanwhile stays as it is
 */
export const swapRows = (
  db: Queryable,
  table: SwappedTable,
  rows: readonly VersionedRow[],
  change: RowChange,
): Promise<ChangedRows> =>
  changeKept(db, [...rows.keys()], (positions) => {
    const columns = change.columns.map((column) => ({
      ...column,
      values: positions.map((at) => column.values[at]),
    }));
    return swapAll(
      db,
      table,
      positions.flatMap((at) => rows[at] ?? []),
      { ...change, columns },
    );
  });

async function swapAll(
  db: Queryable,
  { table, walkable }: SwappedTable,
  rows: readonly VersionedRow[],
  { set, isKept, columns }: RowChange,
): Promise<ReadonlyMap<number, boolean>> {
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
  const { rows: changed } = await db.query<{ position: string; kept: boolean }>(
    `update ${walkable.kind === 'table' ? 'only ' : ''}${tableName(table)} t set ${set}
     from unnest(${all.map(({ cast }, index) => `$${index + 1}::${cast}`).join(', ')})
       with ordinality n(${all.map(({ name }) => name).join(', ')}, position)
     where ${keys.map(({ own, name }) => `t.${own} = n.${name}`).join(' and ')}
       and t.ctid = n.at and t.xmin = n.since
     returning n.position::text as position, ${isKept} as kept`,
    all.map(({ values }) => values),
  );
  return new Map(changed.map(({ position, kept }) => [Number(position) - 1, kept]));
}
