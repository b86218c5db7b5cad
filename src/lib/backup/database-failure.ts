import { failure, messageOf, PosternError } from '../base/error.ts';
import { isConnectionLost, sqlState } from '../base/postgres.ts';

/** Milliseconds to wait for a table that somebody has locked exclusively, unless told. */
export const defaultLockTimeout = 60_000;

/** What PostgreSQL said, as an error that a person can act on; any other error as it is. */
export function databaseFailure(error: unknown, what: string): unknown {
  const state = sqlState(error);
  if (error instanceof PosternError) return error;
  if (isConnectionLost(error)) return connectionLost(what, error);
  if (state === undefined) return error;
  if (state === '55P03') return lockTimeout(error);
  if (state === '22021') return notText(error);
  if (state === '42501') return privilegeMissing(messageOf(error), error);
  return failure(`${what}: ${messageOf(error)} (SQLSTATE ${state})`, {
    code: 'database-failed',
    cause: error,
    hints: ['the log of the server may say more'],
  });
}

function connectionLost(what: string, cause: unknown): PosternError {
  return failure(`${what}: the connection was lost: ${messageOf(cause)}`, {
    code: 'database-lost',
    cause,
    hints: ['the log of the server says who or what ended the connection; then run this again'],
  });
}

/** Another session has a table, or waits for one before us. */
export function lockTimeout(cause: unknown): PosternError {
  return failure('a table is locked by somebody else, or about to be, for too long', {
    code: 'lock-timeout',
    cause,
    hints: ['a migration may be running; run the backup again afterwards'],
  });
}

/** A SQL_ASCII database stores any bytes, and the server does not send as UTF-8 what is none. */
export function notText(cause: unknown): PosternError {
  return failure(`a comment or a setting is stored in bytes that are no UTF-8: ${messageOf(cause)}`, {
    code: 'catalog-encoding',
    cause,
    hints: [
      'write it again, from a client with the encoding UTF8: the comments of the database and of large objects, and its settings',
    ],
  });
}

/** The role may not read all that a backup must hold. */
export function privilegeMissing(what: string, cause?: unknown): PosternError {
  return failure(what, {
    code: 'privilege-missing',
    cause,
    hints: [
      'a backup role needs: GRANT pg_read_all_data TO role; ALTER ROLE role BYPASSRLS',
      'pg_read_all_data does not reach large objects: GRANT SELECT ON LARGE OBJECT … TO role, or use a superuser',
    ],
  });
}

/** The session that held the snapshot and the locks is gone: what is read from now on may be of another moment. */
export function snapshotLost(cause: unknown): PosternError {
  return failure('the snapshot of the backup is gone: the session that held it has ended', {
    code: 'snapshot-lost',
    cause,
    hints: ['run the backup again', 'the log of the server says who or what ended the session'],
  });
}
