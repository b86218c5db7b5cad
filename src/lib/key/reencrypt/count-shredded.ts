import type { Queryable } from '../../base/postgres.ts';
import { tableName } from '../../platform/map/index.ts';
import { quoteIdentifier } from '../../platform/quote.ts';
import { formatOfValue, keyIdOfValue } from '../column/format-of-value.ts';
import type { KeyringScope } from './scope.ts';

/** How many values of these columns are under keys that were destroyed on purpose. */
export async function countShredded(
  db: Queryable,
  { keyring, columns }: Pick<KeyringScope, 'keyring' | 'columns'>,
): Promise<number> {
  const { rows } = await db.query<{ id: string }>(
    `select ${quoteIdentifier(keyring.id)}::text as id from ${tableName(keyring.table)}
     where ${quoteIdentifier(keyring.state)}::text = 'destroyed'`,
  );
  // The columns are not read for nothing.
  if (rows.length === 0) return 0;
  let shredded = 0;
  for (const { table, column } of columns) {
    const value = quoteIdentifier(column);
    const { rows: counted } = await db.query<{ values: number }>(
      `select count(*)::float8 as values from ${tableName(table)}
       where case when ${formatOfValue(value)} = 'keyed' then ${keyIdOfValue(value)} end = any($1::uuid[])`,
      [rows.map(({ id }) => id)],
    );
    shredded += counted[0]?.values ?? 0;
  }
  return shredded;
}
