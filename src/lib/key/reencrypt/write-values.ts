import type { Queryable } from '../../base/postgres.ts';
import { quoteIdentifier } from '../../platform/quote.ts';
import { tableName } from '../column/table-name.ts';
import type { WalkedColumn } from '../column/walked-column.ts';

/** A value to be put in the place of another, which must still be there. */
export interface ChangedValue {
  readonly key: readonly string[];
  readonly old: Buffer;
  readonly value: Buffer;
  readonly keyId: string;
}

/**
 * Compares and swaps: a row is changed only where its value is still the one that was read. One statement, which is
 * one transaction.
 * @returns the positions of those that were changed; what the application changed meanwhile stays as it is
 */
export async function writeValues(
  db: Queryable,
  column: WalkedColumn,
  changes: readonly ChangedValue[],
): Promise<ReadonlySet<number>> {
  if (changes.length === 0) return new Set();
  const keys = column.walkable.key;
  const value = quoteIdentifier(column.column);
  const beside = column.keyIdColumn;
  const arrays = keys.map(({ type }, index) => `$${index + 1}::text[]::${type}[]`);
  const at = keys.length;
  const columns = keys.map((_, index) => `key${index}`);
  const { rows } = await db.query<{ position: string }>(
    `update ${column.walkable.kind === 'table' ? 'only ' : ''}${tableName(column.table)} t
     set ${value} = n.new${beside === undefined ? '' : `, ${quoteIdentifier(beside)} = n.key_id`}
     from unnest(${arrays.join(', ')}, $${at + 1}::bytea[], $${at + 2}::bytea[], $${at + 3}::uuid[])
       with ordinality n(${columns.join(', ')}, old, new, key_id, position)
     where ${keys.map(({ name }, index) => `t.${quoteIdentifier(name)} = n.key${index}`).join(' and ')}
       and t.${value} = n.old
     returning n.position::text as position`,
    [
      ...keys.map((_, index) => changes.map(({ key }) => key[index])),
      changes.map(({ old }) => old),
      changes.map(({ value: changed }) => changed),
      changes.map(({ keyId }) => keyId),
    ],
  );
  return new Set(rows.map(({ position }) => Number(position) - 1));
}
