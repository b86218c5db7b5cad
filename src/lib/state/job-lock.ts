import { hostname } from 'node:os';
import { locked } from '../base/error.ts';
import type { Queryable } from '../base/postgres.ts';
import { onConnection, type StateDatabase } from './transaction.ts';

/**
 * Runs `work` while holding the advisory lock `name` in the state database. The lock lives as long as its session:
 * it is gone after a crash, a SIGKILL or a lost connection, and never blocks a later run. `work` gets that session's
 * client: what must not happen without the lock is written through it, because it fails once the lock is lost.
 * Needs a direct connection or a session-mode pooler.
 * @throws {PosternError} exit 11, `code: 'job-locked'`, naming the holder as far as the server lets us see it
 */
export async function withJobLock<T>(
  db: StateDatabase,
  name: string,
  work: (client: Queryable) => Promise<T>,
): Promise<T> {
  return onConnection(db, async (client) => {
    if (!(await tryLock(client, name))) {
      throw locked(`another run holds the lock for ${name}: ${await holder(client, name)}`, {
        code: 'job-locked',
        hints: ['wait until it ends, or look at that process; the lock goes away with its connection'],
      });
    }
    const previousName = await rename(client, `postern ${name} ${hostname()}:${process.pid}`);
    try {
      return await work(client);
    } finally {
      // On a dead connection neither can work, and neither is needed.
      await rename(client, previousName).catch(() => {});
      await client.query(`select pg_advisory_unlock(${key})`, [name]).catch(() => {});
    }
  });
}

/** Whether somebody holds the advisory lock `name`; it is not taken for that. */
export async function isJobLocked(db: Queryable, name: string): Promise<boolean> {
  const { rows } = await db.query(
    `select from pg_locks l join pg_database d on d.oid = l.database and d.datname = current_database()
     where l.locktype = 'advisory' and l.granted and l.objsubid = 1
       and (l.classid::bigint << 32) | l.objid::bigint = ${key}`,
    [name],
  );
  return rows.length > 0;
}

const key = `hashtextextended('postern job ' || $1, 0)`;

async function tryLock(client: Queryable, name: string): Promise<boolean> {
  const { rows } = await client.query<{ taken: boolean }>(`select pg_try_advisory_lock(${key}) as taken`, [
    name,
  ]);
  return rows[0]?.taken === true;
}

/** Tells other runs who holds the lock; PostgreSQL keeps the first 63 bytes. */
async function rename(client: Queryable, applicationName: string): Promise<string> {
  const { rows } = await client.query<{ previous: string }>(
    `select current_setting('application_name') as previous, set_config('application_name', $1, false)`,
    [applicationName],
  );
  return rows[0]?.previous ?? 'postern';
}

async function holder(client: Queryable, name: string): Promise<string> {
  const { rows } = await client.query<{
    pid: number | null;
    application: string | null;
    address: string | null;
    since: string | null;
  }>(
    `select l.pid, a.application_name as application, host(a.client_addr) as address,
            to_char(a.backend_start at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS UTC') as since
     from pg_locks l
     join pg_database d on d.oid = l.database and d.datname = current_database()
     left join pg_stat_activity a on a.pid = l.pid
     where l.locktype = 'advisory' and l.granted and l.objsubid = 1
       and (l.classid::bigint << 32) | l.objid::bigint = ${key}`,
    [name],
  );
  const found = rows[0];
  if (found === undefined) return 'it has just ended';
  const parts = [
    found.application === null || found.application === '' ? undefined : found.application,
    found.address === null ? undefined : `from ${found.address}`,
    `server process ${found.pid}`,
    found.since === null ? undefined : `since ${found.since}`,
  ];
  return parts.filter((part) => part !== undefined).join(', ');
}
