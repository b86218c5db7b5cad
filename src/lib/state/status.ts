import { usageError } from '../base/error.ts';
import type { Queryable } from '../base/postgres.ts';
import { type AppliedMigration, checkLedger, readAppliedMigrations } from './ledger.ts';
import { readMigrationFiles } from './migration-file.ts';

export interface StateStatus {
  readonly state: 'current' | 'behind' | 'not migrated';
  /** Of the database; 0 when it was never migrated. */
  readonly version: number;
  /** The newest that this postern brings. */
  readonly newest: number;
  readonly applied: readonly AppliedMigration[];
  readonly pending: readonly { readonly version: number; readonly title: string }[];
}

/**
 * How far the state database is migrated.
 * @throws {PosternError} exit 6 `state-newer`, exit 5 `migration-changed`, exit 2 `state-privilege`
 */
export async function stateStatus(db: Queryable): Promise<StateStatus> {
  const [files, applied] = await Promise.all([readMigrationFiles(), readAppliedMigrations(db)]);
  checkLedger(applied, files);
  const pending = files.slice(applied.length).map(({ version, title }) => ({ version, title }));
  const state = pending.length === 0 ? 'current' : applied.length === 0 ? 'not migrated' : 'behind';
  return { state, version: applied.length, newest: files.length, applied, pending };
}

/**
 * For commands: the state database must have exactly this postern's schema.
 * @throws {PosternError} exit 2, `code: 'state-not-migrated'`, else as `stateStatus`
 */
export async function requireCurrentState(db: Queryable): Promise<void> {
  const { state, version, newest } = await stateStatus(db);
  if (state === 'current') return;
  throw usageError(
    state === 'behind'
      ? `the state database has schema ${version}, and this postern needs ${newest}`
      : 'the state database was never migrated',
    { code: 'state-not-migrated', hints: ['run `postern state migrate` as its owner'] },
  );
}
