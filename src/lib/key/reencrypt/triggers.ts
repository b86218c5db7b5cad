import type { WalkedColumn } from '../column/walked-column.ts';

/**
 * What sets off on every row that is written: a sentence each. A trigger that notifies somebody, or copies rows, does
 * so a million times.
 */
export function triggerWarnings({
  relation,
  table,
  column,
  keyIdColumn,
}: Pick<WalkedColumn, 'relation' | 'table' | 'column' | 'keyIdColumn'>): readonly string[] {
  const changed = new Set([column, keyIdColumn]);
  return relation.triggers
    .filter(
      ({ events, columns }) =>
        events.includes('update') && (columns.length === 0 || columns.some((name) => changed.has(name))),
    )
    .map(({ name }) => `every value written to ${table}.${column} sets off the trigger ${name}`);
}
