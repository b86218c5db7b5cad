import { setTimeout as wait } from 'node:timers/promises';
import { messageOf, partial } from '../../../base/error.ts';
import { type Client, sqlState } from '../../../base/postgres.ts';
import type { JsonObject } from '../../../crypto/canonical-json.ts';
import { beforeCommit } from '../../../platform/change-rows.ts';
import type { Batch } from '../change/change-rows.ts';
import { type Work, workTable } from '../closure/work.ts';

/** How work on the platform's database is cut into transactions. */
export interface Transactions {
  readonly db: Client;
  readonly signal: AbortSignal;
  /** Whether each is one of its own. */
  readonly areShort: boolean;
  /** One transaction; or, where the caller has one open already, a part of it. */
  in<T>(work: () => Promise<T>): Promise<T>;
}

/** How often a lock that others hold is waited for, `lock_timeout` each time. */
const mostTries = 10;

/**
 * Transactions of their own, each committed; one that meets a lock or a deadlock is tried again, and never waits longer
 * than `lock_timeout` while it holds locks itself.
 * @throws {PosternError} exit 7, `erase-locked`
 */
export function shortTransactions(db: Client, signal: AbortSignal): Transactions {
  return {
    db,
    signal,
    areShort: true,
    in: async (work) => {
      for (let tries = 1; ; tries += 1) {
        signal.throwIfAborted();
        try {
          await db.query('begin');
          const result = await work();
          await beforeCommit(db);
          await db.query('commit');
          return result;
        } catch (error) {
          await db.query('rollback').catch(() => {});
          if (!isLocked(error)) throw error;
          if (tries >= mostTries) throw stillLocked(error);
          await wait(100 * tries, undefined, { signal });
        }
      }
    },
  };
}

/** Within a transaction that is open and that the caller ends. */
export const openTransaction = (db: Client, signal: AbortSignal): Transactions => ({
  db,
  signal,
  areShort: false,
  in: async (work) => {
    await db.query('savepoint postern_part');
    try {
      const result = await work();
      await db.query('release savepoint postern_part');
      return result;
    } catch (error) {
      // What is told of a part that failed must not be the end of the whole.
      await db.query('rollback to savepoint postern_part').catch(() => {});
      throw error;
    }
  },
});

const isLocked = (error: unknown): boolean => ['55P03', '40P01', '40001'].includes(sqlState(error) ?? '');

function stillLocked(cause: unknown): Error {
  return partial(`rows are locked by somebody else: ${messageOf(cause)}`, {
    code: 'erase-locked',
    cause,
    hints: ['see who in pg_stat_activity and pg_locks'],
  });
}

const [fewest, first, most] = [1, 500, 5000];
/** Milliseconds: a batch that took longer is followed by smaller ones, well before two seconds. */
const [long, short] = [800, 200];

/** Counts by name; what stays of a person is counted by `kept`. */
export interface Counted {
  readonly counts: Readonly<Record<string, number>>;
  readonly kept?: readonly { readonly column: string; readonly reason: string; readonly rows: number }[];
}

export interface BatchOptions {
  /** Names the progress: a work table may be gone through for several purposes. */
  readonly part: string;
  readonly table: string;
  /** All of it in one batch. */
  readonly isWhole?: boolean;
  /** Done before the transaction of a batch. */
  readonly before?: ((batch: Batch) => Promise<void>) | undefined;
}

/**
 * Goes through a work table in batches, each a transaction that also writes down how far it came: whatever ends the run,
 * the next one goes on behind the last batch that was committed.
 */
export async function inBatches(
  transactions: Transactions,
  work: Work,
  { part, table, isWhole = false, before }: BatchOptions,
  onBatch: (batch: Batch) => Promise<Counted>,
): Promise<void> {
  const { db, signal } = transactions;
  const { rows } = await db.query<{ last: string; done: string }>(
    `select coalesce(max(postern_seq), 0) as last,
       coalesce((select done from ${workTable(work, 'progress')} where part = $1), 0) as done from ${table}`,
    [part],
  );
  const last = BigInt(rows[0]?.last ?? 0);
  let size = isWhole ? Number.MAX_SAFE_INTEGER : first;
  for (let done = BigInt(rows[0]?.done ?? 0); done < last; ) {
    signal.throwIfAborted();
    const reach = done + BigInt(size);
    const until = reach < last ? reach : last;
    const batch = { work: table, after: String(done), until: String(until) };
    await before?.(batch);
    const began = performance.now();
    await transactions.in(async () => {
      const counted = await onBatch(batch);
      await note(db, work, part, String(until), counted);
    });
    done = until;
    const took = performance.now() - began;
    if (took > long) size = Math.max(fewest, Math.floor(size / 2));
    else if (took < short) size = Math.min(isWhole ? size : most, size * 2);
  }
}

async function note(
  db: Client,
  work: Work,
  part: string,
  done: string,
  { counts, kept = [] }: Counted,
): Promise<void> {
  await db.query(
    `insert into ${workTable(work, 'progress')} as p (part, done) values ($1, $2)
     on conflict (part) do update set done = excluded.done`,
    [part, done],
  );
  await addTallies(db, work, part, [
    ...Object.entries(counts).map(([name, rows]) => ({ name, reason: '', rows })),
    ...kept.map(({ column, reason, rows }) => ({ name: `kept ${column}`, reason, rows })),
  ]);
}

/** Adds to the counts of a part, in the transaction of what is counted. */
export async function addTallies(
  db: Client,
  work: Work,
  part: string,
  some: readonly { readonly name: string; readonly reason: string; readonly rows: number }[],
): Promise<void> {
  const added = some.filter(({ rows }) => rows > 0);
  if (added.length === 0) return;
  await db.query(
    `insert into ${workTable(work, 'tally')} as t (part, name, reason, rows)
     select $1, n.name, n.reason, n.rows from pg_catalog.json_to_recordset($2) as n(name text, reason text, rows bigint)
     on conflict (part, name, reason) do update set rows = t.rows + excluded.rows`,
    [part, JSON.stringify(added)],
  );
}

/** What the batches of a part have counted so far, in every run. */
export async function tallies(db: Client, work: Work, part: string): Promise<JsonObject> {
  const { rows } = await db.query<{ name: string; reason: string; rows: number }>(
    `select name, reason, rows::float8 as rows from ${workTable(work, 'tally')} where part = $1 order by name, reason`,
    [part],
  );
  const counts = rows.filter(({ name }) => !name.startsWith('kept '));
  const kept = rows.filter(({ name }) => name.startsWith('kept '));
  return {
    ...Object.fromEntries(counts.map(({ name, rows: found }) => [name, found])),
    ...(kept.length === 0
      ? {}
      : {
          kept: kept.map(({ name, reason, rows: found }) => ({ column: name.slice(5), reason, rows: found })),
        }),
  };
}

/** The tables in which a run writes down how far it came. */
export async function openProgress(db: Client, work: Work): Promise<void> {
  await db.query(
    `create table if not exists ${workTable(work, 'progress')} (part text primary key, done bigint not null)`,
  );
  await db.query(
    `create table if not exists ${workTable(work, 'tally')} (part text, name text, reason text, rows bigint not null, primary key (part, name, reason))`,
  );
}
