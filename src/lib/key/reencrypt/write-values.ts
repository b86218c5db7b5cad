import type { Queryable } from '../../base/postgres.ts';
import { tableName } from '../../platform/map/index.ts';
import { quoteIdentifier } from '../../platform/quote.ts';
import type { WalkedColumn } from '../column/walked-column.ts';
import { type ChangedRows, changeKept } from '../walk/kept-rows.ts';

/** A value to be put in the place of another, which must still be there. */
export interface ChangedValue {
  readonly key: readonly string[];
  readonly old: Buffer;
  readonly value: Buffer;
  readonly keyId: string;
}

/**
 * Compares and swaps: a row is changed only where its value is still the one that was read, and only where the new one
 * stays as it was sent. One transaction.
 * @returns what became of them, by position; what the application changed meanwhile stays as it is
 */
export const writeValues = (
  db: Queryable,
  column: WalkedColumn,
  changes: readonly ChangedValue[],
): Promise<ChangedRows> => changeKept(db, changes, (some) => swapValues(db, column, some));

async function swapValues(
  db: Queryable,
  column: WalkedColumn,
  changes: readonly ChangedValue[],
): Promise<ReadonlyMap<number, boolean>> {
  const keys = column.walkable.key;
  const value = quoteIdentifier(column.column);
  const beside = column.keyIdColumn;
  const arrays = keys.map(({ type }, index) => `$${index + 1}::text[]::${type}[]`);
  const at = keys.length;
  const columns = keys.map((_, index) => `key${index}`);
  const old = packed(changes.map((change) => change.old));
  const changed = packed(changes.map((change) => change.value));
  // Returned is the row as a trigger before the update left it.
  const isKept = `t.${value} is not distinct from pg_catalog.substr($${at + 1}::bytea, n.start, n.length)${
    beside === undefined ? '' : ` and t.${quoteIdentifier(beside)}::text is not distinct from n.key_id::text`
  }`;
  const { rows } = await db.query<{ position: string; kept: boolean }>(
    `update ${column.walkable.kind === 'table' ? 'only ' : ''}${tableName(column.table)} t
     set ${value} = pg_catalog.substr($${at + 1}::bytea, n.start, n.length)${beside === undefined ? '' : `, ${quoteIdentifier(beside)} = n.key_id`}
     from unnest(${arrays.join(', ')}, $${at + 2}::int[], $${at + 3}::int[], $${at + 4}::int[], $${at + 5}::int[], $${at + 6}::uuid[])
       with ordinality n(${columns.join(', ')}, old_start, old_length, start, length, key_id, position)
     where ${keys.map(({ name }, index) => `t.${quoteIdentifier(name)} = n.key${index}`).join(' and ')}
       and t.${value} = pg_catalog.substr($${at + 7}::bytea, n.old_start, n.old_length)
     returning n.position::text as position, ${isKept} as kept`,
    [
      ...keys.map((_, index) => changes.map(({ key }) => key[index])),
      changed.bytes,
      old.starts,
      old.lengths,
      changed.starts,
      changed.lengths,
      changes.map(({ keyId }) => keyId),
      old.bytes,
    ],
  );
  return new Map(rows.map(({ position, kept }) => [Number(position) - 1, kept]));
}

/**
 * Values behind each other as one parameter, which travels as bytes; in an array each would be hexadecimal text within
 * text.
 */
function packed(values: readonly Buffer[]) {
  let start = 1;
  const starts = values.map(({ length }) => {
    start += length;
    return start - length;
  });
  return { bytes: Buffer.concat(values), starts, lengths: values.map(({ length }) => length) };
}
