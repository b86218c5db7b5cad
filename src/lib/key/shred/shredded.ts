import type { Queryable } from '../../base/postgres.ts';
import type { Keyring } from '../../platform/map/index.ts';
import { tableName } from '../../platform/map/index.ts';
import { quoteIdentifier } from '../../platform/quote.ts';

/**
 * Empties the wrapped keys of these versions and marks them as destroyed. The rows stay, so that a census tells what
 * became of the values under them. A second time changes nothing.
 * @returns how many held a wrapped key
 */
export async function shredKeys(
  db: Queryable,
  { table, id, wrapped, state }: Pick<Keyring, 'table' | 'id' | 'wrapped' | 'state'>,
  keys: readonly string[],
): Promise<number> {
  const { rowCount } = await db.query(
    `update ${tableName(table)} set ${quoteIdentifier(wrapped)} = '', ${quoteIdentifier(state)} = 'destroyed'
     where ${quoteIdentifier(id)} = any($1::uuid[]) and pg_catalog.octet_length(${quoteIdentifier(wrapped)}) > 0`,
    [keys],
  );
  return rowCount ?? 0;
}
