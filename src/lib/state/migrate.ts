import { failure, messageOf, usageError } from '../base/error.ts';
import { type Queryable, sqlState } from '../base/postgres.ts';
import { grantRuntimeRole } from './grant.ts';
import { withJobLock } from './job-lock.ts';
import { checkLedger, readAppliedMigrations } from './ledger.ts';
import { type MigrationFile, readMigrationFiles } from './migration-file.ts';
import { inTransaction } from './transaction.ts';

export interface MigrateOptions {
  /** The role that daily commands use; it gets exactly what they need. */
  readonly grantTo?: string;
  /** The migrations to apply; those of this postern unless a test brings others. */
  readonly files?: readonly MigrationFile[];
}

/** What a migration run did: versions applied now, and the schema's version afterwards. */
export interface MigrateResult {
  readonly applied: readonly { readonly version: number; readonly title: string }[];
  readonly version: number;
}

/**
 * Brings the state database to this postern's schema, each migration in a transaction of its own, under the lock
 * `state migrate`. A failed migration leaves the ones before it applied and itself undone.
 * @param owner one connection as the role that owns (or is to own) schema postern
 * @throws {PosternError} exit 5 `migration-changed`, exit 6 `state-newer`, exit 11 `job-locked`, exit 2 for an
 * unfit database or role, exit 1 `migration-failed`
 */
export async function migrateState(owner: Queryable, options: MigrateOptions = {}): Promise<MigrateResult> {
  const files = options.files ?? (await readMigrationFiles());
  return withJobLock(owner, 'state migrate', async (client) => {
    await requireUtf8(client);
    await createLedger(client);
    const known = await readAppliedMigrations(client);
    checkLedger(known, files);
    const pending = files.slice(known.length);
    for (const file of pending) await applyMigration(client, file);
    const { grantTo } = options;
    if (grantTo !== undefined) await inTransaction(client, (session) => grantRuntimeRole(session, grantTo));
    return { applied: pending.map(({ version, title }) => ({ version, title })), version: files.length };
  });
}

async function applyMigration(client: Queryable, file: MigrationFile): Promise<void> {
  try {
    await inTransaction(client, async (session) => {
      await session.query(file.sql);
      await session.query(
        'insert into postern.schema_migration (version, title, sha256) values ($1, $2, $3)',
        [file.version, file.title, file.sha256],
      );
    });
  } catch (error) {
    throw failure(`migration ${file.version} (${file.title}) failed and was undone: ${messageOf(error)}`, {
      code: 'migration-failed',
      cause: error,
      hints: ['the state database is as the migration before left it; mend the cause and run this again'],
    });
  }
}

async function createLedger(client: Queryable): Promise<void> {
  const { rows } = await client.query<{ present: boolean }>(
    `select to_regclass('postern.schema_migration') is not null as present`,
  );
  if (rows[0]?.present === true) return;
  try {
    await inTransaction(client, async (session) => {
      await session.query('create schema if not exists postern');
      await session.query('revoke all on schema postern from public');
      await session.query(`create table postern.schema_migration (
        version integer primary key,
        title text not null,
        sha256 text not null,
        applied_at timestamptz not null default clock_timestamp(),
        applied_by text not null default current_user)`);
    });
  } catch (error) {
    if (sqlState(error) !== '42501') throw error;
    throw usageError(`this role may not create schema postern in the state database: ${messageOf(error)}`, {
      code: 'state-privilege',
      cause: error,
      hints: ['run `postern state migrate` as the owner of the state database'],
    });
  }
}

async function requireUtf8(client: Queryable): Promise<void> {
  const { rows } = await client.query<{ encoding: string }>(
    `select current_setting('server_encoding') as encoding`,
  );
  const encoding = rows[0]?.encoding;
  if (encoding === 'UTF8') return;
  throw usageError(`the state database has encoding ${encoding}, and hashes need UTF8`, {
    code: 'state-encoding',
    hints: [`create it with: create database postern encoding 'UTF8' template template0`],
  });
}
