import { isUtf8 } from 'node:buffer';
import { PosternError } from '../../../base/error.ts';
import { openColumnValue, readColumnValue } from '../../../crypto/column-value.ts';
import {
  type DataMap,
  type EncryptedColumn,
  encryptedColumns,
  type ModelTable,
} from '../../../platform/map/index.ts';
import { isSecret } from './column.ts';

/** A data key that values of the person are under, or why it cannot be had. */
export type DataKey =
  | { readonly subject: string; readonly dataKey: Uint8Array }
  | { readonly problem: string };

/**
 * @param keyring of the map, by the table's canonical name
 * @param id what a value names
 */
export type DataKeyOf = (keyring: string, id: string) => Promise<DataKey>;

/** A column whose values are opened for the export. */
export interface SealedColumn {
  readonly column: string;
  readonly keyring: string;
  /** The names that are bound into every value. */
  readonly name: EncryptedColumn['name'];
}

/** What is encrypted by postern's format under a keyring of the map, and is no secret of the account. */
export function sealedColumns(map: DataMap, table: ModelTable): readonly SealedColumn[] {
  return encryptedColumns(map)
    .filter((each) => each.table === table.name && each.format === 'postern' && !isSecret(each.category))
    .flatMap(({ column, keyring, name }) =>
      keyring === undefined ? [] : [{ column, keyring: keyring.table, name }],
    );
}

/**
 * Opens a value. Nothing about a single value throws.
 * @param primaryKey of its row, as it is bound into the value
 */
export async function openSealed(
  { keyring, name }: SealedColumn,
  value: Buffer,
  primaryKey: readonly string[],
  dataKeyOf: DataKeyOf,
): Promise<Buffer | { readonly problem: string }> {
  const parsed = readColumnValue(value);
  if (typeof parsed === 'string') return { problem: parsed };
  const key = await dataKeyOf(keyring, parsed.keyId);
  if ('problem' in key) return key;
  try {
    return openColumnValue(value, key.dataKey, { ...name, primaryKey, subject: key.subject });
  } catch (error) {
    if (error instanceof PosternError && error.code !== undefined) return { problem: error.code };
    throw error;
  }
}

/** What was encrypted, for a table: text, or base64 of what is none. */
export const asTable = (plain: Buffer): Buffer =>
  isUtf8(plain) ? plain : Buffer.from(plain.toString('base64'));
