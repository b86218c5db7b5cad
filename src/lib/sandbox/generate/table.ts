import type { CopyType, CopyValue } from './copy-encoder.ts';

/** The contents of one table. */
export interface TableData {
  /** `schema.table`, of characters that need no quotes. */
  readonly table: string;
  readonly columns: Readonly<Record<string, CopyType>>;
  /** Values in the order of `columns`. */
  readonly rows: () => Iterable<readonly CopyValue[]>;
}

/** One row for each index from 0 up to `count`. */
export function* rowsOf(
  count: number,
  row: (index: number) => readonly CopyValue[],
): Generator<readonly CopyValue[]> {
  for (let index = 0; index < count; index += 1) yield row(index);
}

/** Days since 1970 of a UTC date, for a column of type date. */
export function day(year: number, month: number, dayOfMonth: number): number {
  return Date.UTC(year, month - 1, dayOfMonth) / 86_400_000;
}
