import { randomBytes } from 'node:crypto';
import { type Clock, systemClock } from '../../base/clock.ts';
import type { Queryable } from '../../base/postgres.ts';
import { bestEffort } from '../best-effort.ts';
import type { VerifyOptions } from './job.ts';
import { readsContents } from './level.ts';
import type { SetToVerify } from './targets.ts';

/** The verifications of one `verify --all`, which several runs may share. */
export interface Batch {
  readonly id: string;
  /** Whether an earlier run of the batch has come to the set's end. */
  isDone(target: SetToVerify): boolean;
}

/** With `resume` the newest batch of this level, while it has something left to do; else a new one. */
export async function chooseBatch(
  targets: readonly SetToVerify[],
  { state, progress, level, mode, clock = systemClock }: VerifyOptions,
): Promise<Batch> {
  const profile = targets[0]?.sets.profile;
  const last =
    mode !== 'resume' || state === undefined || profile === undefined || !readsContents(level)
      ? undefined
      : await bestEffort(progress, 'every set is verified anew', () => lastBatch(state, profile, level));
  if (last !== undefined && !targets.every((target) => last.isDone(target))) return last;
  return { id: newBatchId(clock), isDone: () => false };
}

function newBatchId(clock: Clock): string {
  return `${clock.now().toISOString()} ${randomBytes(4).toString('hex')}`;
}

async function lastBatch(db: Queryable, profile: string, level: string): Promise<Batch | undefined> {
  const { rows } = await db.query<{ batch: string; setId: string; destination: string; isFinished: boolean }>(
    `select batch, set_id as "setId", destination, finished_at is not null as "isFinished"
     from postern.backup_verification where batch = (
       select batch from postern.backup_verification
       where profile = $1 and level = $2 and batch is not null order by started_at desc limit 1)`,
    [profile, level],
  );
  const id = rows[0]?.batch;
  if (id === undefined) return undefined;
  const done = new Set(
    rows.filter(({ isFinished }) => isFinished).map(({ destination, setId }) => `${destination} ${setId}`),
  );
  return { id, isDone: ({ sets, setId }) => done.has(`${sets.destination} ${setId}`) };
}
