import { failure, messageOf } from '../base/error.ts';
import { type Client, connect } from '../base/postgres.ts';

export interface OpenPlatformOptions {
  /** Shown in pg_stat_activity, after `postern `. */
  readonly purpose?: string;
  /** Milliseconds that one statement may take; 0 is for ever; 60,000 unless told. */
  readonly statementTimeout?: number;
  /** Milliseconds to wait for another session's lock; 0 is for ever; 10,000 unless told. */
  readonly lockTimeout?: number;
}

/**
 * Opens the platform database for reading: no statement can write, rows that row security would hide are an error
 * instead of missing, names mean the same whatever the role's search_path is, and nothing waits or runs for ever.
 * The caller ends it. Errors as `connect`.
 */
export function openPlatform(url: string, options: OpenPlatformOptions = {}): Promise<Client> {
  return openSession(url, options, safeReading);
}

/**
 * Opens the platform database for the steps of a plan: as `openPlatform`, but statements can write, and each sees what
 * was committed before it.
 */
export function openPlatformForChange(url: string, options: OpenPlatformOptions = {}): Promise<Client> {
  return openSession(url, options, safeSession);
}

async function openSession(
  url: string,
  options: OpenPlatformOptions,
  rules: Readonly<Record<string, string>>,
): Promise<Client> {
  const { purpose = '', statementTimeout = 60_000, lockTimeout = 10_000 } = options;
  const client = await connect({ url, role: 'platform database', purpose, database: 'foreign' });
  const settings = {
    ...rules,
    statement_timeout: String(statementTimeout),
    lock_timeout: String(lockTimeout),
  };
  try {
    await client.query('select pg_catalog.set_config(key, value, false) from pg_catalog.json_each_text($1)', [
      JSON.stringify(settings),
    ]);
  } catch (error) {
    await client.end().catch(() => {});
    throw failure(`the platform database does not accept postern's session settings: ${messageOf(error)}`, {
      code: 'session-settings',
      cause: error,
      hints: ['a connection pooler in transaction mode cannot keep them: give the URL of the server itself'],
    });
  }
  return client;
}

const safeSession = {
  row_security: 'off',
  search_path: 'pg_catalog',
  idle_in_transaction_session_timeout: '600000',
  // Values travel as text, and must mean the same in the next session.
  DateStyle: 'ISO, YMD',
  IntervalStyle: 'iso_8601',
  TimeZone: 'UTC',
  bytea_output: 'hex',
  extra_float_digits: '1',
  standard_conforming_strings: 'on',
  // Compiling a statement takes longer than most of ours run.
  jit: 'off',
} as const;

const safeReading = {
  ...safeSession,
  default_transaction_read_only: 'on',
  // Several statements of one transaction see one state of the database.
  default_transaction_isolation: 'repeatable read',
} as const;
