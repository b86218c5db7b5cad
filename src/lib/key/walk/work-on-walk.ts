import { setTimeout as wait } from 'node:timers/promises';
import { type Client, type Pool, sqlState } from '../../base/postgres.ts';
import type { KeyContext } from '../context.ts';
import { quarantine } from './quarantine.ts';
import { type BatchOutcome, type KeyedRow, type RowWork, workOnBatch } from './row-work.ts';
import type { Throttle } from './throttle.ts';
import {
  finishPart,
  freeDeadLeases,
  leasePart,
  leaseSeconds,
  recordBatch,
  releasePart,
  renewLease,
  type WalkId,
  type WalkPart,
  walkTotals,
} from './walk-part.ts';
import { newWorkerName } from './worker-name.ts';

export interface RowWalk<Row extends KeyedRow> {
  readonly walk: WalkId;
  readonly work: RowWork<Row>;
  readonly batchSize: number;
  readonly throttle: Throttle;
  /** Told of every batch. */
  readonly onRows: (rows: number) => void;
}

/**
 * Works on a walk's parts until none is left, beside whoever else does, on this host or another.
 * @throws what a part failed with; the others that this call works on are given back first
 */
export async function workOnWalk<Row extends KeyedRow>(
  context: KeyContext,
  task: RowWalk<Row>,
  workers: number,
): Promise<void> {
  const state = await context.state();
  await freeDeadLeases(state, task.walk);
  const failed = new AbortController();
  const signal = AbortSignal.any([context.signal, failed.signal]);
  const results = await Promise.allSettled(
    Array.from({ length: workers }, async () => {
      try {
        await workUntilDone(context, task, { state, signal });
      } catch (error) {
        failed.abort(error);
        throw error;
      }
    }),
  );
  context.signal.throwIfAborted();
  const rejected = results.find((result) => result.status === 'rejected');
  if (rejected !== undefined) throw failed.signal.reason;
}

/**
 * Milliseconds after which a worker without a part looks for one that another gave back: the last one works on for a
 * moment mostly, so the first looks come soon, and each later one after twice the time.
 */
const [firstPoll, longestPoll] = [5, 500];

async function workUntilDone<Row extends KeyedRow>(
  context: KeyContext,
  task: RowWalk<Row>,
  { state, signal }: { readonly state: Pool; readonly signal: AbortSignal },
): Promise<void> {
  const owner = newWorkerName();
  const db = await context.openWriter();
  let poll = firstPoll;
  try {
    for (;;) {
      signal.throwIfAborted();
      const part = await leasePart(state, task.walk, owner);
      if (part !== undefined) {
        await walkPart(context, task, part, { db, state, signal, owner });
        poll = firstPoll;
      } else if ((await walkTotals(state, task.walk)).unfinished === 0) {
        return;
      } else {
        await wait(poll, undefined, { signal });
        poll = Math.min(2 * poll, longestPoll);
      }
    }
  } finally {
    await db.end().catch(() => {});
  }
}

async function walkPart<Row extends KeyedRow>(
  context: KeyContext,
  { walk, work, batchSize, throttle, onRows }: RowWalk<Row>,
  { part, after, until }: WalkPart,
  worker: { readonly db: Client; readonly state: Pool; readonly signal: AbortSignal; readonly owner: string },
): Promise<void> {
  const { db, state, signal, owner } = worker;
  const of = { profile: context.profile, table: work.table, column: work.column };
  // A pause may be longer than a lease.
  const beat = setInterval(
    () => {
      renewLease(state, walk, { part, owner }).catch(() => {});
    },
    (leaseSeconds * 1000) / 4,
  );
  try {
    const batches = work.read(db, {
      batchSize,
      ...(after === undefined ? {} : { after }),
      ...(until === undefined ? {} : { until }),
    });
    for await (const { rows, lastKey } of batches) {
      await throttle(rows.length, signal);
      const outcome = await withRetries(() => workOnBatch(work, db, rows), signal);
      await quarantine(state, of, walk.planId, outcome.refused);
      await recordBatch(state, walk, { part, owner, lastKey, outcome });
      onRows(rows.length);
      signal.throwIfAborted();
    }
    await finishPart(state, walk, { part, owner });
  } catch (error) {
    await releasePart(state, walk, { part, owner }).catch(() => {});
    throw error;
  } finally {
    clearInterval(beat);
  }
}

/** Another session's transaction stood in the way: nothing was written, and the same batch may be tried again. */
const passing = new Set(['40001', '40P01', '55P03']);

export async function withRetries(
  work: () => Promise<BatchOutcome>,
  signal: AbortSignal,
): Promise<BatchOutcome> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (attempt === 6 || !passing.has(sqlState(error) ?? '')) throw error;
      await wait(50 * 2 ** attempt * (0.5 + Math.random()), undefined, { signal });
    }
  }
}
