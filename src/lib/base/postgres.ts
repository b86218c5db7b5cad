import type pg from 'pg';
import { failure, messageOf, PosternError, usageError } from './error.ts';
import { fileProblem } from './file-problem.ts';

export type { Client, Pool } from 'pg';

/** Whatever can run a query: a client, a pool, a pooled client. */
export type Queryable = Pick<pg.ClientBase, 'query'>;

export interface ConnectOptions {
  /** `postgresql://…`; `sslmode` and the like in its query string. */
  readonly url: string;
  /** What this database is to postern, for messages: `platform database`. */
  readonly role: string;
  /** Asked only where the server wants a password, and in place of the URL's. For `connect`, not for a pool. */
  readonly password?: () => string;
  /** Shown in pg_stat_activity, after `postern `. */
  readonly purpose?: string;
  /** Milliseconds until an unreachable server is given up; 10,000 unless told. */
  readonly timeout?: number;
  /**
   * `foreign`: somebody else may set what this database's sessions begin with. Then the search path is empty from the
   * first statement on, so that no function or operator of theirs stands in for PostgreSQL's own.
   */
  readonly database?: 'foreign';
}

/**
 * Opens one connection. Times of day come as text, and 64-bit integers as strings, because a JavaScript Date or
 * number would round them.
 * @throws {PosternError} exit 1 with `code` `database-unreachable`, `database-login` or `database-missing`; exit 2
 * `database-url` for what is no URL of a PostgreSQL
 */
export async function connect(options: ConnectOptions): Promise<pg.Client> {
  const { default: pgModule } = await import('pg');
  const client = withUrlErrors(options, () => new pgModule.Client(clientConfig(options)));
  // Without a listener, a connection that dies while idle would end the process with a stack trace.
  client.on('error', () => {});
  // Given among the settings, it would lose against the URL's.
  if (options.password !== undefined) Object.assign(client, { password: options.password });
  try {
    await client.connect();
  } catch (error) {
    await client.end().catch(() => {});
    throw connectionError(error, options);
  }
  return client;
}

/** Runs `work` with a connection of its own and closes it afterwards, whatever happens. Errors as `connect`. */
export async function withConnection<T>(
  options: ConnectOptions,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = await connect(options);
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => {});
  }
}

/** A pool of at most `max` connections (4 unless told); the first is tried at once, so that errors are as `connect`'s. */
export async function openPool(options: ConnectOptions & { readonly max?: number }): Promise<pg.Pool> {
  const { default: pgModule } = await import('pg');
  const pool = new pgModule.Pool({ ...clientConfig(options), max: options.max ?? 4, allowExitOnIdle: true });
  pool.on('error', () => {});
  // A client that is checked out has no listener of the pool's: its lost connection would end the process.
  pool.on('connect', (client) => client.on('error', () => {}));
  try {
    (await pool.connect()).release();
  } catch (error) {
    await pool.end().catch(() => {});
    throw connectionError(error, options);
  }
  return pool;
}

/** The URL without its password, for messages. */
export function redactUrl(url: string): string {
  try {
    const parsed = new URL(url);
    if (parsed.password !== '') parsed.password = '***';
    for (const name of parsed.searchParams.keys()) {
      if (/pass|secret|token/i.test(name)) parsed.searchParams.set(name, '***');
    }
    return parsed.toString();
  } catch {
    return '(not a URL)';
  }
}

/** The same server and login, another database. */
export function withDatabase(url: string, database: string): string {
  const parsed = new URL(url);
  // `pg` decodes the path with decodeURI, which leaves `%3B` and the like as they are.
  parsed.pathname = `/${encodeURI(database).replace(/[?#]/g, encodeURIComponent)}`;
  return parsed.toString();
}

/** The SQLSTATE of an error that PostgreSQL sent, or undefined. */
export function sqlState(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
}

/** Whether an error of `pg` says that the connection broke, or that it had broken before. */
export function isConnectionLost(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return (
    /^(?:08|57P0[1-3]|E(?:CONNRESET|CONNREFUSED|PIPE|TIMEDOUT|HOSTUNREACH|NETUNREACH)$)/.test(code) ||
    /^(?:Connection terminated|timeout exceeded when trying to connect|Client (?:has encountered a connection error|was closed))/.test(
      error.message,
    )
  );
}

/** @throws {PosternError} exit 2, `code: 'database-url'`; the text is never repeated, since it holds a password */
export function checkDatabaseUrl(url: string, role: string): void {
  if (/^postgres(?:ql)?:$/.test(URL.parse(url)?.protocol ?? '')) return;
  throw usageError(`the URL of the ${role} is none of a PostgreSQL`, {
    code: 'database-url',
    hints: ['it begins with postgresql://, and / @ : # ? in its password are written as %2F %40 %3A %23 %3F'],
  });
}

/** The driver reads certificate files that the URL names before it connects. */
function withUrlErrors<T>({ role }: ConnectOptions, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (error instanceof PosternError) throw error;
    throw usageError(`the URL of the ${role} names what cannot be read: ${fileProblem(error)}`, {
      code: 'database-url',
      cause: error,
      hints: ['check sslrootcert, sslcert and sslkey'],
    });
  }
}

function clientConfig({
  url,
  role,
  purpose = '',
  timeout = 10_000,
  database,
}: ConnectOptions): pg.ClientConfig {
  checkDatabaseUrl(url, role);
  return {
    connectionString: database === 'foreign' ? withEmptySearchPath(url) : url,
    application_name: `postern ${purpose}`.trim(),
    connectionTimeoutMillis: timeout,
    // Left to the system, the first probe goes out after two hours: a dead server would hold a run up until then, and
    // a firewall forgets the silent session that holds a snapshot.
    keepAlive: true,
    keepAliveInitialDelayMillis: 60_000,
  };
}

/** As a start-up option, which stands above what ALTER DATABASE and ALTER ROLE have set. */
function withEmptySearchPath(url: string): string {
  const parsed = new URL(url);
  const options = [parsed.searchParams.get('options') ?? process.env['PGOPTIONS'], '-c search_path='];
  parsed.searchParams.set('options', options.filter((option) => option !== undefined).join(' '));
  return parsed.toString();
}

function connectionError(error: unknown, { url, role }: ConnectOptions): PosternError {
  const where = redactUrl(url);
  const state = sqlState(error);
  if (state === '28P01' || state === '28000') {
    return failure(`the ${role} at ${where} refused the login: ${messageOf(error)}`, {
      code: 'database-login',
      cause: error,
      hints: ['check the role, its password and pg_hba.conf; `postern doctor` asks every component'],
    });
  }
  if (state === '3D000') {
    return failure(`the ${role} at ${where} does not exist`, {
      code: 'database-missing',
      cause: error,
      hints: ['check the database name at the end of the URL'],
    });
  }
  return failure(`the ${role} at ${where} cannot be reached: ${reason(error)}`, {
    code: 'database-unreachable',
    cause: error,
    hints: ['check that the server runs, that host and port are right, and that the network allows it'],
  });
}

function reason(error: unknown): string {
  // Node tries every address of a name and reports them together, with an empty message.
  if (error instanceof AggregateError) return [...new Set(error.errors.map(messageOf))].join('; ');
  return messageOf(error);
}
