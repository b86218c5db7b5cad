import type { Queryable } from '../../base/postgres.ts';
import { quoteIdentifier } from '../../platform/quote.ts';
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
 * Writes encrypted values where the row is still the version that was read. One statement, which is one transaction.
 * @returns the positions of those that were written; what the application changed meanwhile stays as it is
 */
export async function writeSealed(
  db: Queryable,
  { target }: AdoptedColumn,
  sealed: readonly SealedRow[],
): Promise<ReadonlySet<number>> {
  const beside = target.keyIdColumn;
  return swapRows(
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
  return swapRows(db, target, rows, { set: `${quoteIdentifier(source.column)} = null`, columns: [] });
}
