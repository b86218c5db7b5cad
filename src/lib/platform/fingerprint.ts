import { readFile } from 'node:fs/promises';
import { failure, messageOf } from '../base/error.ts';
import type { Queryable } from '../base/postgres.ts';

/** What tells one platform database from another; a plan made for one is refused by every other. */
export interface PlatformFingerprint {
  /** The cluster's 64-bit identifier as text, which a copy made by dump and restore does not share; undefined where the role may not ask. */
  readonly systemIdentifier: string | undefined;
  readonly database: string;
  /** Changes when the database is dropped and made again under its name. */
  readonly databaseOid: number;
  /** `18.4` */
  readonly serverVersion: string;
}

interface Row {
  readonly systemIdentifier: string | null;
  readonly database: string;
  readonly databaseOid: string;
  readonly serverVersion: string;
}

/** Asks a database who it is. @throws {PosternError} exit 1, `fingerprint-unreadable` */
export async function platformFingerprint(db: Queryable): Promise<PlatformFingerprint> {
  const text = await readFile(new URL('fingerprint.sql', import.meta.url), 'utf8');
  const { rows } = await db.query<Row>(text).catch((error: unknown) => {
    throw failure(`the platform database does not say who it is: ${messageOf(error)}`, {
      code: 'fingerprint-unreadable',
      cause: error,
    });
  });
  const [row] = rows;
  if (row === undefined) {
    throw failure('the platform database does not say who it is', { code: 'fingerprint-unreadable' });
  }
  return {
    systemIdentifier: row.systemIdentifier ?? undefined,
    database: row.database,
    databaseOid: Number(row.databaseOid),
    serverVersion: row.serverVersion.split(' ')[0] ?? row.serverVersion,
  };
}
