import type { Queryable } from '../../base/postgres.ts';
import { quoteIdentifier } from '../../platform/quote.ts';
import type { ChangedRows } from '../walk/kept-rows.ts';
import { swapRows } from '../walk/swap-rows.ts';
import type { AdoptRow } from './adopt-row.ts';
import type { AdoptedColumn } from './adopted-column.ts';

/** An encrypted value for a row that must still be as it was read. */
export interface SealedRow {
  readonly row: AdoptRow;
  readonly value: Buffer;
  readonly keyId: string;
}

/**
 * Writes encrypted values where the row is still the version that was read, and keeps them. One transaction.
 * @returns what became of them, by position; what the application changed meanwhile stays as it is
 */
export async function writeSealed(
  db: Queryable,
  { target }: AdoptedColumn,
  sealed: readonly SealedRow[],
): Promise<ChangedRows> {
  const value = quoteIdentifier(target.column);
  const beside = target.keyIdColumn === undefined ? undefined : quoteIdentifier(target.keyIdColumn);
  return swapRows(
    db,
    target,
    sealed.map(({ row }) => row),
    {
      set: `${value} = n.value${beside === undefined ? '' : `, ${beside} = n.key_id`}`,
      isKept: `t.${value} is not distinct from n.value${beside === undefined ? '' : ` and t.${beside}::text is not distinct from n.key_id::text`}`,
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
): Promise<ChangedRows> {
  if (source === undefined) throw new TypeError('what was encrypted in place has no source to be emptied');
  const column = quoteIdentifier(source.column);
  return swapRows(db, target, rows, { set: `${column} = null`, isKept: `t.${column} is null`, columns: [] });
}
