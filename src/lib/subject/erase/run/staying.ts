import { z } from 'zod';
import { tableName } from '../../../platform/map/index.ts';
import { isWritable } from '../closure/freeze.ts';
import { keyEquals } from '../closure/key-equals.ts';
import { keptByLaw, rowActions } from '../closure/treatment.ts';
import { workTable } from '../closure/work.ts';
import type { ErasureRun } from './run.ts';

export const stayingRows = z.array(
  z.strictObject({
    table: z.string(),
    action: z.enum(rowActions),
    /** The person's, alone or with others; else rows of others that name them. */
    owned: z.boolean(),
    /** A law demands that they are kept still. */
    byLaw: z.boolean(),
    rows: z.number().int().nonnegative(),
  }),
);

/** Rows that are there still, by what keeps them. */
export type StayingRows = Readonly<z.infer<typeof stayingRows>>;

/**
 * Counts the rows that an erasure has left, anew: holds come while it is under way, and rows come and go. Those that were
 * to go and that somebody took a share in meanwhile are told by the step that left them.
 */
export async function countStaying({
  transactions: { db },
  task,
  fields,
}: Pick<ErasureRun, 'task' | 'fields'> & {
  readonly transactions: Pick<ErasureRun['transactions'], 'db'>;
}): Promise<StayingRows> {
  const found: StayingRows[number][] = [];
  for (const treatment of task.treatments.values()) {
    if (!isWritable(treatment)) continue;
    task.signal.throwIfAborted();
    const { table, number, key } = treatment;
    // A row of which a part of the key was changed is not found by it any more.
    const isFound = !(fields.get(table.name) ?? []).some(({ column }) => key.includes(column));
    const join = isFound ? 'join' : 'left join';
    const { rows } = await db.query<Omit<StayingRows[number], 'table'>>(
      `select w.postern_action as action, w.postern_owned as owned, coalesce(${keptByLaw(treatment, task.at) ?? 'false'}, false) as "byLaw",
         count(*)::float8 as rows
       from ${workTable(task.work, number)} w ${join} ${tableName(table.name)} t on ${keyEquals(key, 't', 'w')}
       where w.postern_action <> 'delete' group by 1, 2, 3 order by 1, 2, 3`,
    );
    found.push(...rows.map((row) => ({ table: table.name, ...row })));
  }
  return found;
}
