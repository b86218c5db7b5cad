import { failure, messageOf } from '../../base/error.ts';
import { type Client, connect, sqlState } from '../../base/postgres.ts';
import { type Recipient, readRecipient } from '../../crypto/openpgp-recipient.ts';
import { snapshotLost } from '../database-failure.ts';
import { textFormatSettings } from '../format/part-sql.ts';
import type { WorkerSettings } from './jobs.ts';

/** What a worker holds for its life. */
export interface WorkerSession {
  readonly client: Client | undefined;
  readonly encoding: string;
  readonly recipients: readonly Recipient[];
  readonly seal: WorkerSettings['seal'];
}

/**
 * Connects and reads the keys.
 * @throws {PosternError} as `connect`; `code: 'snapshot-lost'` when the snapshot cannot be imported: going on
 * without it would copy the tables as of different moments
 */
export async function openSession(settings: WorkerSettings): Promise<WorkerSession> {
  const { database, seal } = settings;
  const client = database === undefined ? undefined : await openDatabase(database);
  return {
    client,
    encoding: database?.encoding ?? 'UTF8',
    seal,
    recipients: await Promise.all(
      (seal?.recipients ?? []).map((armored) => readRecipient(armored, new Date(seal?.checkedAt ?? 0))),
    ),
  };
}

async function openDatabase({
  url,
  snapshot,
  lockTimeout = 0,
  writes,
}: NonNullable<WorkerSettings['database']>): Promise<Client> {
  const client = await connect({
    url,
    role: writes ? 'target database' : 'source database',
    purpose: writes ? 'restore' : 'backup',
    database: 'foreign',
  });
  const settings = [...ownSettings, ...textFormatSettings, ...(writes ? writeSettings : readSettings)];
  for (const statement of settings) await client.query(statement);
  // The session that holds the snapshot has every lock, but who waits for an exclusive one makes all others wait too.
  await client.query(`SET lock_timeout = ${lockTimeout}`);
  if (snapshot === undefined) return client;
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    await client.query(`SET TRANSACTION SNAPSHOT '${snapshot}'`);
  } catch (error) {
    await client.end().catch(() => {});
    const isLost = ['55000', '22023', '42704'].includes(sqlState(error) ?? '');
    throw isLost
      ? snapshotLost(error)
      : failure(`the snapshot cannot be imported: ${messageOf(error)}`, {
          code: 'snapshot-lost',
          cause: error,
        });
  }
  return client;
}

/** A name inside a value, such as one of type regclass, comes with its schema, whatever the search path was. */
const readSettings: readonly string[] = [`SET search_path = ''`, 'SET quote_all_identifiers = off'];

const writeSettings: readonly string[] = ['SET array_nulls = on'];

/** A backup may take hours, and a server's default limits are made for an application's queries. */
export const ownSettings: readonly string[] = [
  // A backslash in our own statements must mean what it means everywhere.
  'SET standard_conforming_strings = on',
  'SET statement_timeout = 0',
  'SET lock_timeout = 0',
  'SET idle_in_transaction_session_timeout = 0',
  // Exists from PostgreSQL 17 on.
  `SELECT pg_catalog.set_config(name, '0', false) FROM pg_catalog.pg_settings WHERE name = 'transaction_timeout'`,
];

export function clientOf({ client }: WorkerSession): Client {
  if (client === undefined) throw new Error('this worker has no connection');
  return client;
}
