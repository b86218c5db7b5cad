import type { Client } from '../../base/postgres.ts';
import { tableName } from '../../platform/map/index.ts';
import { quoteIdentifier } from '../../platform/quote.ts';
import { formatOfValue, keyIdOfValue } from '../column/format-of-value.ts';
import { withHashedJoins } from '../column/hashed-joins.ts';
import type { WalkedColumn } from '../column/walked-column.ts';
import { changeKeyring, moveStates } from './kept.ts';
import type { KeyringTable } from './keyring-table.ts';

/**
 * Marks as drained what was decrypt-only and is named by no value of these columns, which must be all that the map
 * says are under the keyring.
 * @returns how many versions are drained now that were not
 * @throws {PosternError} exit 6, `keyring-not-kept`
 */
export async function drainVersions(
  db: Client,
  keyring: KeyringTable,
  columns: readonly WalkedColumn[],
): Promise<number> {
  const used = columns.map(({ table, column }) => {
    const value = quoteIdentifier(column);
    const id = `case when ${formatOfValue(value)} = 'keyed' then ${keyIdOfValue(value)} end`;
    return `select distinct ${id} as id from ${tableName(table)} where ${formatOfValue(value)} = 'keyed'`;
  });
  const state = quoteIdentifier(keyring.state);
  return changeKeyring(db, () =>
    withHashedJoins(db, () =>
      moveStates(db, keyring, 'drained', {
        // Materialized, or PostgreSQL reads the columns once for every key.
        before: `used as materialized (${used.join(' union ')})`,
        where: `k.${state}::text = 'decrypt-only'
          and not exists (select from used where used.id = k.${quoteIdentifier(keyring.id)})`,
      }),
    ),
  );
}
