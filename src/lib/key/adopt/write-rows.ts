import type { Queryable } from '../../base/postgres.ts';
import { quoteIdentifier } from '../../platform/quote.ts';
import { tableName } from '../column/table-name.ts';
import type { AdoptRow } from './adopt-row.ts';
import type { AdoptedColumn } from './adopted-column.ts';

/** An encrypted value for a row that must still be as it was read. */
export interface SealedRow {
  readonly row: AdoptRow;
  readonly value: Buffer;
  readonly keyId: string;
}

/**
 * Writes encrypted values where the row is still the version that was read. One statement, which is one transaction.
 * @returns the positions of those that were written; what the application changed meanwhile stays as it is
 */
export async function writeSealed(
  db: Queryable,
  { target }: AdoptedColumn,
  sealed: readonly SealedRow[],
): Promise<ReadonlySet<number>> {
  const beside = target.keyIdColumn;
  return compareAndSwap(
    db,
    target,
    sealed.map(({ row }) => row),
    {
      set: `${quoteIdentifier(target.column)} = n.value${beside === undefined ? '' : `, ${quoteIdentifier(beside)} = n.key_id`}`,
      columns: [
        { name: 'value', type: 'bytea', values: sealed.map(({ value }) => value) },
        { name: 'key_id', type: 'uuid', values: sealed.map(({ keyId }) => keyId) },
      ],
    },
  );
}

/** Empties the source of rows that are still the version that was read. @returns as `writeSealed` */
export async function clearSource(
  db: Queryable,
  { target, source }: AdoptedColumn,
  rows: readonly AdoptRow[],
): Promise<ReadonlySet<number>> {
  if (source === undefined) throw new TypeError('what was encrypted in place has no source to be emptied');
  return compareAndSwap(db, target, rows, { set: `${quoteIdentifier(source.column)} = null`, columns: [] });
}

interface Change {
  /** SQL over the columns of `n`. */
  readonly set: string;
  readonly columns: readonly {
    readonly name: string;
    readonly type: string;
    readonly values: readonly unknown[];
  }[];
}

async function compareAndSwap(
  db: Queryable,
  { table, walkable }: AdoptedColumn['target'],
  rows: readonly AdoptRow[],
  { set, columns }: Change,
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
