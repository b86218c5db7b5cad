import type { Client } from '../../base/postgres.ts';
import type { KmsService } from '../../cloud/kms-service.ts';
import { tableName } from '../../platform/map/index.ts';
import { quoteIdentifier } from '../../platform/quote.ts';
import { changeKeyring } from './kept.ts';
import type { KeyringTable } from './keyring-table.ts';
import { requireMade } from './made.ts';
import { keyContext } from './read-keys.ts';
import { byKek } from './usable-kek.ts';

/**
 * Makes version 1 of a keyring without subjects that has none, pre-active. A second time makes nothing.
 * @returns how many were made
 * @throws {PosternError} exit 6, `keyring-not-kept`
 */
export async function makeFirstVersion(
  db: Client,
  kms: Pick<KmsService, 'generateDataKey'>,
  keyring: KeyringTable,
  { id, kek }: { readonly id: string; readonly kek: string },
): Promise<number> {
  const row = new Map([
    [keyring.id, id],
    [keyring.version, '1'],
    [keyring.state, 'pre-active'],
    [keyring.kek, kek],
  ]);
  const dataKey = await byKek(kek, () => kms.generateDataKey(kek, keyContext(keyring, row)));
  dataKey.plaintext.fill(0);
  const columns = new Map([
    [keyring.id, '$1::uuid'],
    [keyring.version, '1'],
    [keyring.state, `'pre-active'`],
    [keyring.kek, '$2'],
    [keyring.wrapped, '$3::bytea'],
    ...(keyring.material === undefined ? [] : [[keyring.material, '$4'] as const]),
    ...(keyring.created === undefined ? [] : [[keyring.created, 'pg_catalog.clock_timestamp()'] as const]),
  ]);
  const table = tableName(keyring.table);
  const insert = async (): Promise<number> => {
    const { rowCount } = await db.query(
      `insert into ${table} (${[...columns.keys()].map(quoteIdentifier).join(', ')})
       select ${[...columns.values()].join(', ')} where not exists (select from ${table})`,
      [
        id,
        kek,
        Buffer.from(dataKey.wrapped),
        ...(keyring.material === undefined ? [] : [dataKey.materialId ?? null]),
      ],
    );
    return rowCount ?? 0;
  };
  const made = { id, version: 1, kek, wrapped: dataKey.wrapped };
  return changeKeyring(db, insert, (count) =>
    requireMade(db, keyring, 'pre-active', count === 0 ? [] : [made]),
  );
}
