import { usageError } from '../../base/error.ts';
import type { Client } from '../../base/postgres.ts';
import { type Column, readCatalog } from '../../platform/catalog/index.ts';
import {
  type DataMap,
  type EncryptedColumn,
  encryptedColumns,
  isSourceType,
  keyedHashes,
} from '../../platform/map/index.ts';
import { columnOf, type WalkedColumn, walkedColumn } from '../column/walked-column.ts';
import { type KeyringTable, keyringTable } from '../keyring/keyring-table.ts';
import type { AdoptMode } from './inputs.ts';

/** A column whose values are to be encrypted, joined with what the database says. */
export interface AdoptedColumn {
  /** Where encrypted values go. */
  readonly target: WalkedColumn;
  readonly keyring: KeyringTable;
  /** Where they come from; undefined in place. */
  readonly source: SourceColumn | undefined;
}

interface SourceColumn {
  readonly column: string;
  readonly format: 'plain' | 'pgcrypto';
  /** Whether its values are bytes, or text. */
  readonly isBytea: boolean;
}

/**
 * @param name `schema.table` and a column: the encrypted one, or the one that its values come from
 * @throws {PosternError} exit 2: `adopt-unknown`, `adopt-no-source`, `adopt-source-type`, `column-not-null`,
 * `column-generated`, `adopt-hashed`, and as `walkedColumn` and `keyringTable`
 */
export async function adoptedColumn(
  db: Client,
  map: DataMap,
  name: { readonly table: string; readonly column: string },
  mode: AdoptMode,
): Promise<AdoptedColumn> {
  const described = describedColumn(map, name);
  const catalog = await readCatalog(db);
  const target = walkedColumn(described, catalog);
  const keyring = keyringTable(target.keyring, catalog);
  if (mode === 'in-place') return { target, keyring, source: undefined };
  const column = `${target.table}.${target.column}`;
  if (described.source === undefined) {
    throw usageError(`the map names no column that the values of ${column} come from`, {
      code: 'adopt-no-source',
      hints: [
        'name it under encrypted.from in the data map: docs/keys.md',
        'where values in clear stand in the encrypted column itself: --in-place',
      ],
    });
  }
  const { format } = described.source;
  const source = columnOf(target.relation, described.source.column);
  if (!isSourceType(source.baseType, format)) {
    throw usageError(`${target.table}.${source.name} is ${source.type}, which cannot be adopted`, {
      code: 'adopt-source-type',
      hints: ['values in clear are text, varchar or bytea; those of pgcrypto are bytea'],
    });
  }
  const found = columnOf(target.relation, target.column);
  if (mode === 'copy') requireNullable(target.table, found);
  if (mode === 'finish') {
    requireEmptiable(target.table, source);
    requireNotHashed(map, target, source.name);
  }
  return {
    target,
    keyring,
    source: { column: source.name, format, isBytea: source.baseType === 'bytea' },
  };
}

function describedColumn(
  map: DataMap,
  { table, column }: { readonly table: string; readonly column: string },
): EncryptedColumn {
  const here = encryptedColumns(map).filter((encrypted) => encrypted.table === table);
  const found =
    here.find((encrypted) => encrypted.column === column) ??
    here.find(({ source }) => source?.column === column);
  if (found !== undefined) return found;
  throw usageError(`the map says of no encrypted column that it is ${table}.${column} or comes from there`, {
    code: 'adopt-unknown',
    hints: ['add a bytea column, and describe it in the data map with encrypted.from: docs/keys.md'],
  });
}

/** A row without a value, or whose value is not adopted yet, has none. */
function requireNullable(table: string, { name, notNull }: Column): void {
  if (!notNull) return;
  throw usageError(`${table}.${name} is NOT NULL, so that no row can wait there for its value`, {
    code: 'column-not-null',
    hints: ['drop the constraint until all values are adopted'],
  });
}

/** Its hashes would be those of no value at the next rotation, and nobody be found by them. */
function requireNotHashed(map: DataMap, { table, column }: WalkedColumn, source: string): void {
  const hash = keyedHashes(map).find((one) => one.table === table && one.source === source);
  if (hash === undefined) return;
  throw usageError(
    `${table}.${source} is hashed into ${[...hash.odd, ...hash.even].join(' and ')}, and would have no value`,
    { code: 'adopt-hashed', hints: [`say in the data map that these are hashes of ${column}`] },
  );
}

function requireEmptiable(table: string, { name, notNull, generated }: Column): void {
  if (generated !== null) {
    throw usageError(`${table}.${name} is generated, so that it cannot be emptied`, {
      code: 'column-generated',
    });
  }
  if (!notNull) return;
  throw usageError(`${table}.${name} is NOT NULL, so that it cannot be emptied`, {
    code: 'column-not-null',
    hints: [`ALTER TABLE ${table} ALTER COLUMN ${name} DROP NOT NULL`],
  });
}
