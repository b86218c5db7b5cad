import { inspect } from 'node:util';
import { expect } from 'vitest';
import { listSets } from '../../src/lib/backup/list.ts';
import { PosternError } from '../../src/lib/base/error.ts';
import type { ExitCode } from '../../src/lib/base/exit-code.ts';
import type { BackupWorld } from '../support/backup-world.ts';
import { testServer } from '../support/postgres.ts';
import { sql } from './round-trip.ts';

export interface ExpectedFailure {
  readonly exitCode: ExitCode;
  readonly code: string;
  readonly message?: RegExp;
}

/** Whatever a test uses as a password or passphrase must be no part of any error. */
export const secret = 'correct-horse-battery-staple';

/** Expects one clear error, and that nothing is left of the attempt: no set, no open run, no database. */
export async function failsCleanly(
  work: Promise<unknown>,
  { exitCode, code, message = /^/ }: ExpectedFailure,
  world?: BackupWorld,
): Promise<void> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof PosternError))
    throw new Error(`no PosternError: ${inspect(error)}`, { cause: error });
  expect({ exitCode: error.exitCode, code: error.code }).toEqual({ exitCode, code });
  expect(error.message).toMatch(message);
  expect(error.message).toMatch(/^(?!.*\.$)(?:[^A-Z\n]|[0-9A-F]{40} )/);
  expect(error.hints.length).toBeGreaterThan(0);
  expect([error.message, ...error.hints].join('\n')).not.toMatch(/BEGIN PGP|correct-horse-battery-staple/);
  if (world === undefined) return;
  expect((await listSets(world.sets)).filter(({ isComplete }) => isComplete)).toEqual([]);
  const open = `select set_id from postern.backup_set where state <> 'failed'`;
  expect(await sql(world.stateUrl, open)).toEqual([]);
  const { url } = await testServer();
  const left = `select datname from pg_database where datname like 'postern\\_restore%'`;
  expect(await sql(url, left)).toEqual([]);
}
