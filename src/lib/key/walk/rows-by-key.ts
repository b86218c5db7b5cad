import { quoteIdentifier } from '../../platform/quote.ts';
import type { Condition, WalkableTable } from '../../platform/walk/index.ts';
import type { KeyedRow, RowBatch } from './row-work.ts';

/** Reads rows one at a time by their keys: it is asked for the few that the application changed under a walk. */
export async function rowsByKey<Row extends KeyedRow>(
  walkable: WalkableTable,
  keys: readonly (readonly string[])[],
  read: (options: {
    readonly batchSize: number;
    readonly where: Condition;
  }) => AsyncGenerator<RowBatch<Row>, void, undefined>,
): Promise<readonly Row[]> {
  const found: Row[] = [];
  const text = walkable.key
    .map(({ name, type }, index) => `${quoteIdentifier(name)} = $${index + 1}::${type}`)
    .join(' and ');
  for (const key of keys) {
    const reading = read({ batchSize: 1, where: { text, values: key } });
    const { value: batch } = await reading.next();
    await reading.return();
    found.push(...(batch?.rows ?? []));
  }
  return found;
}
