import { failure, messageOf, PosternError, refused } from '../../base/error.ts';
import { type Client, checkDatabaseUrl, connect } from '../../base/postgres.ts';
import { openPlatform, openPlatformForChange } from '../../platform/connection.ts';
import type { ManagedPassword } from './context.ts';
import { readPending } from './pending.ts';
import type { Login } from './place.ts';

/**
 * Runs `work` as the login that may alter the roles. Where that is the very role whose password was set and not yet
 * published, its URL still has the old one: then the one that waits is tried.
 */
export async function asAdmin<T>(
  managed: ManagedPassword,
  doing: 'reading' | 'changing',
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const open = doing === 'reading' ? openPlatform : openPlatformForChange;
  const url = await managed.adminUrl();
  const client = await open(url, { purpose: 'key' }).catch(async (error: unknown) => {
    for (const waiting of await pendingLogins(managed, url, error)) {
      const found = await open(withLogin(url, waiting), { purpose: 'key' }).catch(() => undefined);
      if (found !== undefined) return found;
    }
    throw error;
  });
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => {});
  }
}

async function pendingLogins(
  managed: ManagedPassword,
  url: string,
  error: unknown,
): Promise<readonly Login[]> {
  if (!(error instanceof PosternError) || error.code !== 'database-login') return [];
  const user = decodeURIComponent(new URL(url).username);
  const found = await readPending(managed);
  return [...(found?.logins ?? []), ...(found?.earlier ?? [])].filter(({ role }) => role === user);
}

/** Where a new password is tried: the URL that is configured for it, else the admin's. */
export async function loginUrl(managed: ManagedPassword): Promise<string> {
  return managed.loginUrl ?? managed.adminUrl();
}

/**
 * Logs in as a person would and leaves. A server that asks for no password proves nothing, and is an error.
 * @throws {PosternError} exit 1 `password-refused`: the server did not take it, or could not be reached; exit 6
 * `password-not-asked`: pg_hba.conf lets the role in without one
 */
export async function proveLogin(url: string, login: Login): Promise<void> {
  checkDatabaseUrl(url, 'database');
  let isAsked = false;
  const password = (): string => {
    isAsked = true;
    return login.password;
  };
  let client: Client;
  try {
    const role = `database, as ${login.role} with its new password,`;
    client = await connect({ url: withLogin(url, login), role, purpose: 'key login', password });
  } catch (cause) {
    throw failure(`the new password of ${login.role} was not accepted: ${messageOf(cause)}`, {
      code: 'password-refused',
      cause,
      hints: [
        'check pg_hba.conf for this host, CONNECT on the database, and the connection limit of the role',
      ],
    });
  }
  try {
    const { rows } = await client.query<{ role: string }>('select session_user as role');
    if (rows[0]?.role !== login.role)
      throw refused(`the login as ${login.role} became one as ${rows[0]?.role}`, {
        code: 'password-other-role',
      });
  } finally {
    await client.end().catch(() => {});
  }
  if (isAsked) return;
  throw refused(`the server let ${login.role} in without asking for its password, so nothing is proven`, {
    code: 'password-not-asked',
    hints: ['pg_hba.conf says trust, peer, ident or cert for this host: let it say scram-sha-256'],
  });
}

function withLogin(url: string, { role, password }: Login): string {
  const parsed = new URL(url);
  parsed.username = encodeURIComponent(role);
  parsed.password = encodeURIComponent(password);
  // The driver lets these stand above the authority's.
  for (const name of ['user', 'password']) parsed.searchParams.delete(name);
  return parsed.toString();
}
