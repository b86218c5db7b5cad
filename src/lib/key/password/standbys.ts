import { setTimeout as sleep } from 'node:timers/promises';
import type { Queryable } from '../../base/postgres.ts';

/** How long standbys are waited for, in milliseconds. */
const patience = 30_000;

/**
 * Waits until the standbys have what was committed up to now: until then, who reads the new password and logs in there
 * is refused. A login that may not look (it takes pg_monitor) sees none.
 * @returns how many are still behind when patience is over
 */
export async function waitForStandbys(
  db: Queryable,
  signal: AbortSignal,
  limit: number = patience,
): Promise<number> {
  const { rows: positions } = await db.query<{ lsn: string }>('select pg_current_wal_lsn()::text as lsn');
  const lsn = positions[0]?.lsn ?? '0/0';
  const deadline = performance.now() + limit;
  for (;;) {
    const { rows } = await db.query<{ behind: number }>(
      `select count(*)::int as behind from pg_stat_replication where state = 'streaming' and replay_lsn < $1::pg_lsn`,
      [lsn],
    );
    const behind = rows[0]?.behind ?? 0;
    if (behind === 0 || performance.now() > deadline) return behind;
    signal.throwIfAborted();
    await sleep(100);
  }
}
