import { usageError } from '../../base/error.ts';
import type { Client } from '../../base/postgres.ts';
import { readCatalog } from '../../platform/catalog/index.ts';
import { type DataMap, encryptedColumns, keyedHashes, keyringsOf } from '../../platform/map/index.ts';
import { type WalkedColumn, walkedColumn } from '../column/walked-column.ts';
import { type KeyringTable, keyringTable } from '../keyring/keyring-table.ts';

/** A keyring and every column that is encrypted under it. */
export interface KeyringScope {
  readonly keyring: KeyringTable;
  readonly columns: readonly WalkedColumn[];
}

/**
 * The keyring of this name; without one, the map's only keyring, those of HMAC keys left aside.
 * @throws {PosternError} exit 2: `keyring-missing`, `keyring-unnamed`, and as `walkedColumn`
 */
export async function keyringScope(
  db: Client,
  map: DataMap,
  name: string | undefined,
): Promise<KeyringScope> {
  const keyrings = keyringsOf(map);
  const hints = [`the map has ${keyrings.map(({ table }) => table).join(', ') || 'none'}`];
  const hashing = hashingKeyrings(map);
  const unnamed = keyrings.filter(({ table }) => !hashing.has(table));
  const keyring = name === undefined ? unnamed[0] : keyrings.find(({ table }) => table === name);
  if (name === undefined && unnamed.length > 1) {
    throw usageError('the map has several keyrings: which one?', { code: 'keyring-unnamed', hints });
  }
  if (keyring === undefined) {
    const what =
      name === undefined ? 'the map has no keyring of data keys' : `the map has no keyring ${name}`;
    throw usageError(what, {
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

const hashingKeyrings = (map: DataMap): ReadonlySet<string | undefined> =>
  new Set(keyedHashes(map).map(({ keyring }) => keyring?.table));

/**
 * A new HMAC key makes other hashes: what is there would no longer be found.
 * @throws {PosternError} exit 2, `keyring-of-hmac-keys`
 */
export function requireDataKeys(map: DataMap, table: string): void {
  if (!hashingKeyrings(map).has(table)) return;
  throw usageError(`${table} holds HMAC keys, which \`postern key rotate hmac\` replaces`, {
    code: 'keyring-of-hmac-keys',
    hints: [`\`postern key rotate hmac ${table}\` hashes every value with another key`],
  });
}
