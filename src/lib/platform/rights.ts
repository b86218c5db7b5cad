import { refused } from '../base/error.ts';
import type { Client, Queryable } from '../base/postgres.ts';
import { tableName } from './map/index.ts';

/** A privilege on a table, or on one of its columns. */
export interface Right {
  /** Canonical `schema.table`. */
  readonly table: string;
  readonly right: 'SELECT' | 'INSERT' | 'UPDATE' | 'DELETE';
  readonly column?: string;
}

/**
 * Whether the login that is to write may, and sees every row.
 * @throws {PosternError} exit 6: `role-cannot-write`, naming every right that it misses; `row-security`
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
  if (missing.length === 0) {
    await requireAllRows(
      db,
      needs.map(({ table }) => table),
    );
    return;
  }
  throw refused(`the login of platform.write_url misses ${missing.join(', ')}`, {
    code: 'role-cannot-write',
    hints: ['grant it, and make the plan again; docs/configuration.md says what the login needs'],
  });
}

/**
 * Whether row security hides no row of these tables from the login of a session: what it hid would be left behind.
 * @throws {PosternError} exit 6, `row-security`
 */
export async function requireAllRows(db: Queryable, tables: readonly string[]): Promise<void> {
  const hidden: string[] = [];
  for (const table of new Set(tables)) {
    const { rows } = await db.query<{ active: boolean }>('select row_security_active($1::text) as active', [
      tableName(table),
    ]);
    if (rows[0]?.active === true) hidden.push(table);
  }
  if (hidden.length === 0) return;
  const { rows } = await db.query<{ login: string }>('select current_user as login');
  const login = rows[0]?.login ?? '';
  throw rowSecurity(`row security would hide rows of ${hidden.join(', ')} from ${login}`, login);
}

/** @param login SQL's name of the role, where it is known */
export const rowSecurity = (message: string, login = 'ROLE', cause?: unknown) =>
  refused(message, {
    code: 'row-security',
    cause,
    hints: [
      `ALTER ROLE ${login} BYPASSRLS, as docs/configuration.md says of both logins: what is hidden would be left as it is`,
    ],
  });
