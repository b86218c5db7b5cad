import { setTimeout as wait } from 'node:timers/promises';
import { incomplete } from '../../base/error.ts';
import type { Queryable } from '../../base/postgres.ts';
import { tableName } from '../../platform/map/index.ts';
import type { Bearable } from './bearable.ts';
import type { Throttle } from './throttle.ts';

/** How often the server is looked at, and how long a pause is at least. */
const everyMs = 1000;

export interface PressureOptions {
  /** Canonical `schema.table`: the one that is walked. */
  readonly table: string;
  readonly limits: Bearable;
  /** Told of each pause once, when it begins. */
  readonly onPause: (reason: string) => void;
}

/** What was seen of the server at one moment. */
interface Look {
  /** Milliseconds of a clock that is never set back. */
  readonly at: number;
  /** Bytes of write-ahead log since the server began, and how many of them the last replica has replayed. */
  readonly wal: number;
  readonly replayed: number | undefined;
  readonly isVacuumed: boolean;
}

/**
 * Lets rows through only while the server bears it: replicas keep up, the write-ahead log grows no faster than that,
 * and nobody vacuums the table. The server is asked once a second, for all workers together.
 * @param db a session of its own
 */
export function underPressure(db: Queryable, options: PressureOptions): Throttle {
  const { limits, onPause } = options;
  const judges = [
    replicaJudge(limits.replicaLagSeconds),
    walJudge(limits.walBytesPerSecond),
    ({ isVacuumed }: Look) =>
      limits.vacuum === 'pause' && isVacuumed ? `${options.table} is being vacuumed` : undefined,
  ];
  let looking: Promise<void> | undefined;
  let lookedAt = Number.NEGATIVE_INFINITY;
  let paused: string | undefined;

  const look = async (): Promise<void> => {
    const seen = await lookAt(db, options);
    lookedAt = seen.at;
    // Each is asked every time, since each remembers what it saw.
    const [reason] = judges.map((judge) => judge(seen)).filter((found) => found !== undefined);
    if (reason !== undefined && paused === undefined) onPause(reason);
    paused = reason;
  };

  return async (_, signal) => {
    for (;;) {
      signal.throwIfAborted();
      if (performance.now() - lookedAt >= everyMs) {
        looking ??= look().finally(() => (looking = undefined));
        await looking;
      }
      if (paused === undefined) return;
      await wait(everyMs, undefined, { signal });
    }
  };
}

type Judge = (look: Look) => string | undefined;

/**
 * How long ago the log was written that a replica has not replayed yet. The server's own `replay_lag` stands still
 * when replay does, so it is measured here: since when is there something that it has not replayed?
 */
function replicaJudge(limit: number | null): Judge {
  let behind: readonly { readonly at: number; readonly wal: number }[] = [];
  return ({ at, wal, replayed }) => {
    if (limit === null || replayed === undefined) return undefined;
    behind = [...behind, { at, wal }].filter((then) => then.wal > replayed);
    const seconds = (at - (behind[0]?.at ?? at)) / 1000;
    return seconds > limit ? `a replica is ${Math.round(seconds)} s behind` : undefined;
  };
}

/** What a quiet time did not use is not saved up for a burst later. */
function walJudge(limit: number | null): Judge {
  let since: Look | undefined;
  return (look) => {
    since ??= look;
    const written = look.wal - since.wal;
    const allowed = ((look.at - since.at) / 1000) * (limit ?? 0);
    if (limit === null || written <= allowed) {
      since = look;
      return undefined;
    }
    return 'the write-ahead log grows too fast';
  };
}

async function lookAt(db: Queryable, { table, limits }: PressureOptions): Promise<Look> {
  const { rows } = await db.query<{
    wal: string;
    unseen: string;
    replayed: string | null;
    vacuumed: boolean;
  }>(
    `select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::text as wal,
       (select count(*) from pg_stat_replication where state is null)::text as unseen,
       (select min(pg_wal_lsn_diff(replay_lsn, '0/0')) from pg_stat_replication)::text as replayed,
       exists (select from pg_stat_progress_vacuum where relid in (
         select $1::regclass union select relid from pg_partition_tree($1::regclass))) as vacuumed`,
    [tableName(table)],
  );
  const [found] = rows;
  if (found === undefined) throw new Error('the server told nothing of itself');
  if (limits.replicaLagSeconds !== null && Number(found.unseen) > 0) throw unseen();
  return {
    at: performance.now(),
    wal: Number(found.wal),
    replayed: found.replayed === null ? undefined : Number(found.replayed),
    isVacuumed: found.vacuumed,
  };
}

const unseen = () =>
  incomplete('this login may not see how far replicas are behind', {
    code: 'replicas-unseen',
    hints: ['grant pg_monitor to the login of platform.write_url, or leave the limit out'],
  });
