import { refused } from '../../base/error.ts';
import type { Client } from '../../base/postgres.ts';
import { tableName } from '../../platform/map/index.ts';

/** A privilege on a table, or on one of its columns. */
export interface Right {
  /** Canonical `schema.table`. */
  readonly table: string;
  readonly right: 'SELECT' | 'INSERT' | 'UPDATE';
  readonly column?: string;
}

/**
 * Whether the login that is to write may.
 * @throws {PosternError} exit 6, `role-cannot-write`, naming every right that it misses
 */
export async function requireRights(db: Client, needs: readonly Right[]): Promise<void> {
  const missing: string[] = [];
  for (const { table, right, column } of needs) {
    const { rows } = await db.query<{ may: boolean }>(
      column === undefined
        ? 'select has_table_privilege($1, $2) as may'
        : 'select has_column_privilege($1, $3, $2) as may',
      [tableName(table), right, ...(column === undefined ? [] : [column])],
    );
    if (rows[0]?.may !== true)
      missing.push(`${right}${column === undefined ? '' : ` (${column})`} on ${table}`);
  }
  if (missing.length === 0) return;
  throw refused(`the login of platform.write_url misses ${missing.join(', ')}`, {
    code: 'role-cannot-write',
    hints: ['grant it, and make the plan again; docs/configuration.md says what the login needs'],
  });
}
