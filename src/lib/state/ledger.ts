import { integrityError, refused, usageError } from '../base/error.ts';
import { type Queryable, sqlState } from '../base/postgres.ts';
import { isoTime } from './iso-time.ts';
import type { MigrationFile } from './migration-file.ts';

export interface AppliedMigration {
  readonly version: number;
  readonly title: string;
  readonly sha256: string;
  /** RFC 3339, UTC. */
  readonly appliedAt: string;
  readonly appliedBy: string;
}

/** What the ledger lists, in ascending order; nothing when there is no ledger. */
export async function readAppliedMigrations(db: Queryable): Promise<readonly AppliedMigration[]> {
  try {
    const { rows } = await db.query<AppliedMigration>(
      `select version, title, sha256, ${isoTime('applied_at')} as "appliedAt", applied_by as "appliedBy"
       from postern.schema_migration order by version`,
    );
    return rows;
  } catch (error) {
    const state = sqlState(error);
    if (state === '42P01' || state === '3F000') return [];
    if (state === '42501') {
      throw usageError('this role may not read the state database', {
        code: 'state-privilege',
        cause: error,
        hints: ['as the owner: `postern state migrate --grant-to ROLE`'],
      });
    }
    throw error;
  }
}

/**
 * Compares what a database says was applied with this postern's files.
 * @throws {PosternError} exit 6 `state-newer`, exit 5 `migration-changed`
 */
export function checkLedger(applied: readonly AppliedMigration[], files: readonly MigrationFile[]): void {
  const newest = applied.at(-1)?.version ?? 0;
  if (newest > files.length) {
    throw refused(
      `the state database has schema ${newest}, and this postern knows only up to ${files.length}`,
      {
        code: 'state-newer',
        hints: ['use the newer postern that migrated it; an older one would misread what it stores'],
      },
    );
  }
  for (const [index, { version, sha256 }] of applied.entries()) {
    const file = files[index];
    if (file?.version !== version || file.sha256 !== sha256) {
      throw integrityError(`migration ${version} was applied from another file than this postern brings`, {
        code: 'migration-changed',
        hints: ['reinstall postern, and compare postern.schema_migration with the release that was used'],
      });
    }
  }
}
