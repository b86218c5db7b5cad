import { usageError } from '../../base/error.ts';
import type { Client } from '../../base/postgres.ts';
import { readCatalog } from '../../platform/catalog/index.ts';
import { type DataMap, encryptedColumns, keyringsOf } from '../../platform/map/index.ts';
import { type WalkedColumn, walkedColumn } from '../column/walked-column.ts';
import { type KeyringTable, keyringTable } from '../keyring/keyring-table.ts';

/** A keyring and every column that is encrypted under it. */
export interface KeyringScope {
  readonly keyring: KeyringTable;
  readonly columns: readonly WalkedColumn[];
}

/**
 * The keyring of this name; without one, the map's only keyring.
 * @throws {PosternError} exit 2: `keyring-missing`, `keyring-unnamed`, and as `walkedColumn`
 */
export async function keyringScope(
  db: Client,
  map: DataMap,
  name: string | undefined,
): Promise<KeyringScope> {
  const keyrings = keyringsOf(map);
  const hints = [`the map has ${keyrings.map(({ table }) => table).join(', ') || 'none'}`];
  const keyring = name === undefined ? keyrings[0] : keyrings.find(({ table }) => table === name);
  if (name === undefined && keyrings.length > 1) {
    throw usageError('the map has several keyrings: which one?', { code: 'keyring-unnamed', hints });
  }
  if (keyring === undefined) {
    throw usageError(name === undefined ? 'the map has no keyring' : `the map has no keyring ${name}`, {
      code: 'keyring-missing',
      hints:
        name === undefined ? ['describe the table of wrapped keys under keyrings: docs/data-map.md'] : hints,
    });
  }
  const catalog = await readCatalog(db);
  const columns = encryptedColumns(map).filter((column) => column.keyring?.table === keyring.table);
  const other = columns.find(({ format }) => format === 'other');
  if (other !== undefined) {
    throw usageError(
      `${other.table}.${other.column} is under ${keyring.table} too, in a format that only the application can write`,
      { code: 'column-format', hints: ['its keys can only be rotated by the application'] },
    );
  }
  return {
    keyring: keyringTable(keyring, catalog),
    columns: columns.map((column) => walkedColumn(column, catalog)),
  };
}
