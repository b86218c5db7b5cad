import { setTimeout as sleep } from 'node:timers/promises';
import { failure } from '../../base/error.ts';
import type { Queryable } from '../../base/postgres.ts';
import type { JsonObject } from '../../crypto/canonical-json.ts';
import { asAdmin } from './connection.ts';
import type { ManagedPassword } from './context.ts';

/** A role, and when its password was changed, by the server's clock. */
export interface ChangedRole {
  readonly role: string;
  readonly at: string;
}

interface Session {
  readonly pid: number;
  readonly role: string;
  readonly application: string | null;
  readonly address: string | null;
}

/** Sessions that began before the change: whoever holds them logged in with an old password. */
export async function listSessions(
  managed: ManagedPassword,
  changed: readonly ChangedRole[],
): Promise<JsonObject> {
  const found = await asAdmin(managed, 'reading', (client) => oldSessions(client, changed));
  return { found: found.length, ended: 0, sessions: shown(found) };
}

/** Ends those sessions, and waits up to five seconds until they are gone. */
export async function endSessions(
  managed: ManagedPassword,
  changed: readonly ChangedRole[],
): Promise<JsonObject> {
  return asAdmin(managed, 'changing', async (client) => {
    const found = await oldSessions(client, changed);
    await client.query('select pg_terminate_backend(pid) from unnest($1::int[]) pid', [
      found.map(({ pid }) => pid),
    ]);
    let left = await oldSessions(client, changed);
    for (let attempt = 0; left.length > 0 && attempt < 50; attempt += 1) {
      await sleep(100);
      left = await oldSessions(client, changed);
    }
    if (left.length === 0) return { found: found.length, ended: found.length, sessions: shown(found) };
    throw failure(`${left.length} sessions of ${found.length} have not ended yet`, {
      code: 'password-sessions-left',
      hints: ['a session in a long system call ends after it; go on with the plan then'],
    });
  });
}

/** As many as a person would read. */
function shown(sessions: readonly Session[]): readonly JsonObject[] {
  return sessions.slice(0, 100).map((session) => ({ ...session }));
}

async function oldSessions(db: Queryable, changed: readonly ChangedRole[]): Promise<readonly Session[]> {
  const { rows } = await db.query<Session>(
    `select a.pid, a.usename as role, a.application_name as application, host(a.client_addr) as address
     from pg_stat_activity a
     join json_to_recordset($1) as c(role text, at timestamptz) on c.role = a.usename
     -- A login that may not see when a session began takes it for an old one.
     where a.pid <> pg_backend_pid() and (a.backend_start is null or a.backend_start < c.at)
     order by a.usename, a.pid`,
    [JSON.stringify(changed)],
  );
  return rows;
}
