import { createHash } from 'node:crypto';
import { failure, messageOf } from '../../base/error.ts';
import {
  type Client,
  connect,
  isConnectionLost,
  type Queryable,
  sqlState,
  withConnection,
} from '../../base/postgres.ts';
import {
  type Catalog,
  type CopyableTable,
  copyableTables,
  readCatalog,
} from '../../platform/catalog/index.ts';
import { qualifiedName } from '../../platform/quote.ts';
import {
  databaseFailure,
  defaultLockTimeout,
  lockTimeout as lockTimedOut,
  privilegeMissing,
} from '../database-failure.ts';
import { ownSettings } from '../worker/session.ts';

/** One moment of a database, held open while it is copied. */
export interface HeldSnapshot {
  readonly client: Client;
  /** The name that other sessions import. */
  readonly id: string;
  /** The write-ahead log's position at that moment; null where the server does not tell. */
  readonly lsn: string | null;
  readonly catalog: Catalog;
  readonly tables: readonly CopyableTable[];
  /** Aborted when the session ends before it is released: with it go the locks, and the tables may change. */
  readonly lost: AbortSignal;
  /** Gives up the snapshot and its locks. The session stays, with what its cursors WITH HOLD have read. */
  endTransaction(): Promise<void>;
  /** Ends the session, and with it the snapshot and its locks. */
  release(): Promise<void>;
}

const attempts = 4;

interface HoldOptions {
  /** What the database is to postern, for messages; `platform database` unless told. */
  readonly role?: string;
  /** Milliseconds to wait for a table that somebody has locked. */
  readonly lockTimeout?: number;
  readonly signal?: AbortSignal;
}

/**
 * Opens a read-only transaction, exports its snapshot and locks every table against changes of its form. The
 * snapshot is older than the locks: a TRUNCATE or a rewrite between the two would show an empty table without any
 * error. So the tables' files and columns are compared after locking with what the snapshot says, and when they
 * differ, the whole is done again.
 * @throws {PosternError} exit 1: `lock-timeout`, `schema-unstable`, `privilege-missing`, and as `connect`
 */
export async function holdSnapshot(
  url: string,
  { role = 'platform database', lockTimeout = defaultLockTimeout, signal }: HoldOptions = {},
): Promise<HeldSnapshot> {
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    signal?.throwIfAborted();
    const client = await connect({
      url,
      role,
      purpose: 'backup snapshot',
      database: 'foreign',
    });
    // A query that waits for somebody else's lock would keep a person who wants to stop waiting, too.
    const stop = (): void => void client.end().catch(() => {});
    signal?.addEventListener('abort', stop, { once: true });
    try {
      const held = await tryHold(client, { url, role }, lockTimeout);
      if (held !== undefined) return held;
    } catch (error) {
      await client.end().catch(() => {});
      signal?.throwIfAborted();
      throw isLockTimeout(error)
        ? lockTimedOut(error)
        : databaseFailure(error, 'no snapshot of the database can be taken');
    } finally {
      signal?.removeEventListener('abort', stop);
    }
    await client.end().catch(() => {});
  }
  throw failure(`the schema changed during each of ${attempts} attempts to lock it`, {
    code: 'schema-unstable',
    hints: ['run the backup again when no migration runs'],
  });
}

async function tryHold(
  client: Client,
  database: { readonly url: string; readonly role: string },
  lockTimeout: number,
): Promise<HeldSnapshot | undefined> {
  const lost = new AbortController();
  client.once('error', (error) => lost.abort(error));
  client.once('end', () => lost.abort(new Error('the connection has ended')));
  for (const statement of ownSettings) await client.query(statement);
  await client.query('SET row_security = off');
  // Even to ask for a table's size is to wait for its lock.
  await client.query(`SET lock_timeout = ${lockTimeout}`);
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  const { rows } = await client.query<{ id: string; lsn: string | null }>(exportSnapshot);
  const [snapshot] = rows;
  if (snapshot === undefined) throw new Error('pg_export_snapshot gave no row');
  const before = await formOf(client);
  const catalog = await readCatalog(client);
  const tables = copyableTables(catalog);
  if (!(await lockTables(client, tables))) return undefined;
  await client.query('SET lock_timeout = 0');
  // A session of its own sees the present, not the snapshot.
  const check = { ...database, purpose: 'backup check', database: 'foreign' } as const;
  const after = await withConnection(check, async (present) => {
    for (const statement of ownSettings) await present.query(statement);
    return formOf(present);
  });
  if (before !== after) return undefined;
  return {
    client,
    ...snapshot,
    catalog,
    tables,
    lost: lost.signal,
    endTransaction: async () => {
      await client.query('COMMIT');
    },
    release: async () => {
      await client.end().catch(() => {});
    },
  };
}

/** Also as the reason of another error. */
function isLockTimeout(error: unknown): boolean {
  return sqlState(error) === '55P03' || (error instanceof Error && sqlState(error.cause) === '55P03');
}

const exportSnapshot = `select pg_catalog.pg_export_snapshot() as id,
  case when pg_catalog.pg_is_in_recovery() then pg_catalog.pg_last_wal_replay_lsn() else pg_catalog.pg_current_wal_lsn() end::text as lsn`;

/** One hash over the form of all tables: their files, which a TRUNCATE or rewrite replaces, and their columns. */
async function formOf(db: Queryable): Promise<string> {
  const { rows } = await db.query<{ line: string }>(tableForms);
  const hash = createHash('sha256');
  for (const { line } of rows) hash.update(`${line}\n`);
  return hash.digest('hex');
}

const tableForms = `select c.oid || ' ' || c.relfilenode || ' ' || pg_catalog.md5(c.relname::text) || ' ' || coalesce(
    (select pg_catalog.string_agg(a.attnum || ':' || a.atttypid || ':' || pg_catalog.md5(a.attname::text) || ':' || a.attgenerated::text, ',' order by a.attnum)
       from pg_catalog.pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped), '') as line
  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
 where c.relkind in ('r', 'p') and c.relpersistence <> 't' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
 order by c.oid`;

/** @returns false when a table is gone since the snapshot */
async function lockTables(client: Client, tables: readonly CopyableTable[]): Promise<boolean> {
  const batch = 500;
  for (let start = 0; start < tables.length; start += batch) {
    const names = tables
      .slice(start, start + batch)
      .map(({ schema, name }) => `ONLY ${qualifiedName(schema, name)}`);
    try {
      await client.query(`LOCK TABLE ${names.join(', ')} IN ACCESS SHARE MODE`);
    } catch (error) {
      if (sqlState(error) === '42P01' || sqlState(error) === '3F000') return false;
      if (isLockTimeout(error) || isConnectionLost(error)) throw error;
      if (sqlState(error) === '42501') throw privilegeMissing(messageOf(error), error);
      throw failure(`the tables cannot be locked: ${messageOf(error)}`, {
        code: 'lock-failed',
        cause: error,
        hints: ['where the server is out of shared memory, raise its max_locks_per_transaction'],
      });
    }
  }
  return true;
}
