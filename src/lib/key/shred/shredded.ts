import { refused } from '../../base/error.ts';
import type { Queryable } from '../../base/postgres.ts';
import type { Keyring } from '../../platform/map/index.ts';
import { tableName } from '../../platform/map/index.ts';
import { quoteIdentifier } from '../../platform/quote.ts';

type Shredded = Pick<Keyring, 'table' | 'id' | 'wrapped' | 'state'>;

/**
 * Empties the wrapped keys of these versions and marks them as destroyed. The rows stay, so that a census tells what
 * became of the values under them. A second time changes nothing. It is for the caller, in the same transaction, to see
 * by `requireShredded` that the database keeps it so.
 * @returns how many were not destroyed before
 */
export async function shredKeys(db: Queryable, keyring: Shredded, keys: readonly string[]): Promise<number> {
  const { table, id, wrapped, state } = keyring;
  const { rowCount } = await db.query(
    `update ${tableName(table)} set ${quoteIdentifier(wrapped)} = '', ${quoteIdentifier(state)} = 'destroyed'
     where ${quoteIdentifier(id)} = any($1::uuid[]) and ${isThere(keyring)}`,
    [keys],
  );
  return rowCount ?? 0;
}

/**
 * Whether none of these versions holds a wrapped key any more: a trigger may put it back.
 * @throws {PosternError} exit 6, `shred-not-kept`
 */
export async function requireShredded(
  db: Queryable,
  keyring: Shredded,
  keys: readonly string[],
): Promise<void> {
  const { rows } = await db.query<{ id: string }>(
    `select ${quoteIdentifier(keyring.id)}::text as id from ${tableName(keyring.table)}
     where ${quoteIdentifier(keyring.id)} = any($1::uuid[]) and ${isThere(keyring)} order by 1`,
    [keys],
  );
  if (rows.length === 0) return;
  const ids = rows.map(({ id }) => id).join(', ');
  throw refused(`${keyring.table} keeps the wrapped key or the state of ${ids}: nothing was shredded`, {
    code: 'shred-not-kept',
    hints: [
      `a trigger or a rule of ${keyring.table} puts them back: mend or disable it, then apply the plan again`,
    ],
  });
}

/** SQL: whether a row holds a wrapped key, or does not say that it is destroyed. */
const isThere = ({ wrapped, state }: Shredded): string =>
  `(coalesce(pg_catalog.octet_length(${quoteIdentifier(wrapped)}), 0) > 0
    or ${quoteIdentifier(state)}::text is distinct from 'destroyed')`;
