import type { Queryable } from '../../base/postgres.ts';
import type { Relation } from '../../platform/catalog/index.ts';
import { platformNames } from '../../platform/change-rows.ts';
import { tableName } from '../../platform/map/index.ts';
import { quoteIdentifier } from '../../platform/quote.ts';
import type { WalkableTable } from '../../platform/walk/index.ts';
import { type ChangedRows, changeKept, isChangedAfter } from './kept-rows.ts';
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
  readonly relation: Pick<Relation, 'triggers'>;
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
export function swapRows(
  db: Queryable,
  swapped: SwappedTable,
  rows: readonly VersionedRow[],
  change: RowChange,
): Promise<ChangedRows> {
  const changes = rows.map((row, at) => ({ row, values: change.columns.map(({ values }) => values[at]) }));
  const run = async (some: typeof changes, statement: keyof typeof statements) => {
    const { text, parameters } = statementOf(swapped, some, change, statement);
    const { rows: found } = await db.query<{ position: string; kept: boolean }>(text, parameters);
    return new Map(found.map(({ position, kept }) => [Number(position) - 1, kept]));
  };
  return changeKept(db, changes, {
    write: (some) => run([...some], 'write'),
    look: isChangedAfter(swapped.relation) ? (some) => run([...some], 'look') : undefined,
  });
}

interface SwapParts {
  readonly table: string;
  readonly set: string;
  readonly source: string;
  readonly sameKey: string;
  readonly found: string;
}

const statements = {
  write: ({ table, set, source, sameKey, found }: SwapParts) =>
    `update ${table} set ${set} from ${source}
     where ${platformNames} and ${sameKey} and t.ctid = n.at and t.xmin = n.since returning ${found}`,
  look: ({ table, source, sameKey, found }: SwapParts) =>
    `select ${found} from ${table} join ${source} on ${sameKey}`,
} as const;

function statementOf(
  { table, walkable }: SwappedTable,
  changes: readonly { readonly row: VersionedRow; readonly values: readonly unknown[] }[],
  { set, isKept, columns }: RowChange,
  statement: keyof typeof statements,
) {
  const keys = walkable.key.map(({ name, type }, index) => ({
    name: `key${index}`,
    // A key's type may be a domain, whose arrays are cast element by element.
    cast: `text[]::${type}[]`,
    own: quoteIdentifier(name),
    values: changes.map(({ row: { key } }) => key[index]),
  }));
  const all = [
    ...keys,
    { name: 'at', cast: 'text[]::tid[]', values: changes.map(({ row }) => row.version.ctid) },
    { name: 'since', cast: 'text[]::xid[]', values: changes.map(({ row }) => row.version.xmin) },
    ...columns.map(({ name, type }, index) => ({
      name,
      cast: `${type}[]`,
      values: changes.map(({ values }) => values[index]),
    })),
  ];
  const text = statements[statement]({
    table: `${walkable.kind === 'table' ? 'only ' : ''}${tableName(table)} t`,
    set,
    source: `unnest(${all.map(({ cast }, index) => `$${index + 1}::${cast}`).join(', ')})
       with ordinality n(${all.map(({ name }) => name).join(', ')}, position)`,
    sameKey: keys.map(({ own, name }) => `t.${own} = n.${name}`).join(' and '),
    found: `n.position::text as position, ${isKept} as kept`,
  });
  return { text, parameters: all.map(({ values }) => values) };
}
