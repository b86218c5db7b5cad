import type { Client } from '../../base/postgres.ts';
import type { EncryptionContext } from '../../cloud/kms.ts';
import { tableName } from '../../platform/map/index.ts';
import { quoteIdentifier } from '../../platform/quote.ts';
import type { KeyVersion } from '../keyring/key-version.ts';
import type { KeyringTable } from '../keyring/keyring-table.ts';
import { contextColumnsOf, keyContext } from '../keyring/read-keys.ts';

/**
 * The encryption context that each row will have once its KMS key is another: the same, unless the map puts the KMS
 * key's own name into it.
 */
export async function contextAfter(
  db: Client,
  keyring: KeyringTable,
  keys: readonly KeyVersion[],
  to: string,
): Promise<ReadonlyMap<string, EncryptionContext>> {
  const columns = contextColumnsOf(keyring);
  if (!columns.includes(keyring.kek)) return new Map(keys.map(({ id, context }) => [id, context]));
  const selected = columns.map((column, index) => `${quoteIdentifier(column)}::text as context${index}`);
  const { rows } = await db.query<Readonly<Record<string, string | null>>>(
    `select ${quoteIdentifier(keyring.id)}::text as id, ${selected.join(', ')}
     from ${tableName(keyring.table)} where ${quoteIdentifier(keyring.id)} = any($1::uuid[])`,
    [keys.map(({ id }) => id)],
  );
  return new Map(
    rows.map((row) => {
      const values = new Map(columns.map((column, index) => [column, row[`context${index}`] ?? '']));
      return [row['id'] ?? '', keyContext(keyring, values.set(keyring.kek, to))];
    }),
  );
}
