import type { CopyableTable } from '../../platform/catalog/index.ts';
import type { BlockRange } from '../format/part-sql.ts';

/** One copy: a table, or a range of its blocks. */
export interface CopyTask {
  /** From 1; also the number in the names of its parts. */
  readonly number: number;
  readonly table: CopyableTable;
  /** Index of the table. */
  readonly tableIndex: number;
  readonly blocks: BlockRange | undefined;
  /** About as much work as this, in bytes. */
  readonly weight: number;
}

const smallestRange = 16 * 2 ** 20;
const largestRange = 256 * 2 ** 20;
const rangesPerWorker = 8;

/**
 * A larger table is cut into ranges of about this many bytes, so that several workers share it, and the last one does
 * not keep the others waiting.
 */
export function rangeBytes(tables: readonly CopyableTable[], workers: number): number {
  const total = tables.reduce((sum, { bytes }) => sum + bytes, 0);
  return Math.min(largestRange, Math.max(smallestRange, total / (workers * rangesPerWorker)));
}

/** TID range scans exist from PostgreSQL 14 on: before, each range would read the whole table. */
const tidRangeVersion = 140_000;

/** The copies to make, heaviest first, so that small ones fill the gaps at the end. */
export function copyTasks(
  tables: readonly CopyableTable[],
  serverVersionNum: number,
  range: number,
): readonly CopyTask[] {
  return tables
    .flatMap((table, tableIndex) =>
      ranges(table, serverVersionNum, range).map((blocks) => ({
        table,
        tableIndex,
        blocks,
        weight: weightOf(table, blocks),
      })),
    )
    .toSorted((a, b) => b.weight - a.weight || a.tableIndex - b.tableIndex)
    .map((task, index) => ({ ...task, number: index + 1 }));
}

function ranges(
  table: CopyableTable,
  serverVersionNum: number,
  range: number,
): readonly (BlockRange | undefined)[] {
  if (serverVersionNum < tidRangeVersion || table.bytes <= range || table.pages < 2) return [undefined];
  const count = Math.min(Math.ceil(table.bytes / range), table.pages);
  const step = Math.ceil(table.pages / count);
  const starts = Array.from({ length: Math.ceil(table.pages / step) }, (_, index) => index * step);
  // Sizes are as of now and the snapshot's rows may lie behind them: the last range has no end.
  return starts.map((start, index) => [start, starts[index + 1] ?? null] as const);
}

function weightOf(table: CopyableTable, blocks: BlockRange | undefined): number {
  if (blocks === undefined) return table.bytes;
  return (table.bytes * ((blocks[1] ?? table.pages) - blocks[0])) / table.pages;
}
