import type { Client } from '../../base/postgres.ts';
import type { Condition } from '../../platform/walk/index.ts';
import type { KeyContext } from '../context.ts';
import { quarantine, quarantinedKeys, resolveQuarantine } from './quarantine.ts';
import { type KeyedRow, type RowWork, workOnBatch } from './row-work.ts';
import { withRetries } from './work-on-walk.ts';

interface SecondPass<Row extends KeyedRow> {
  readonly db: Client;
  readonly work: RowWork<Row>;
  readonly planId: string;
  readonly batchSize: number;
}

/** Tries what is in quarantine once more. @returns how many values were written */
export async function retryQuarantine<Row extends KeyedRow>(
  context: KeyContext,
  { db, work, planId, batchSize }: SecondPass<Row>,
): Promise<number> {
  const state = await context.state();
  const of = { profile: context.profile, table: work.table, column: work.column };
  let written = 0;
  for (let after: readonly string[] | undefined; ; ) {
    context.signal.throwIfAborted();
    const keys = await quarantinedKeys(state, of, { after, limit: batchSize });
    after = keys.at(-1);
    if (after === undefined) return written;
    const rows = await work.reread(db, keys);
    const outcome = await withRetries(() => workOnBatch(work, db, rows), context.signal);
    written += outcome.written;
    await quarantine(state, of, planId, outcome.refused);
    const refused = new Set(outcome.refused.map(({ key }) => key.join('\0')));
    await resolveQuarantine(
      state,
      of,
      keys.filter((key) => !refused.has(key.join('\0'))),
    );
  }
}

/** Works on the rows that meet a condition, in one session: the few that a walk left. @returns how many were written */
export async function workOnLeftovers<Row extends KeyedRow>(
  context: KeyContext,
  { db, work, planId, batchSize }: SecondPass<Row>,
  where: Condition,
): Promise<number> {
  const state = await context.state();
  const of = { profile: context.profile, table: work.table, column: work.column };
  let written = 0;
  for await (const { rows } of work.read(db, { batchSize, where })) {
    context.signal.throwIfAborted();
    const outcome = await withRetries(() => workOnBatch(work, db, rows), context.signal);
    written += outcome.written;
    await quarantine(state, of, planId, outcome.refused);
  }
  return written;
}
