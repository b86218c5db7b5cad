import { usageError } from '../../base/error.ts';
import type { HashRule } from '../../crypto/keyed-hash.ts';
import type { Catalog, Column, Relation } from '../../platform/catalog/index.ts';
import {
  type DataMap,
  encryptedColumns,
  type HashParity,
  hashEncoding,
  isSourceType,
  type KeyedHash,
} from '../../platform/map/index.ts';
import { type WalkableTable, walkableTable } from '../../platform/walk/index.ts';
import { columnOf, relationOf, type WalkedColumn, walkedColumn } from '../column/walked-column.ts';
import { type KeyringTable, keyringTable } from '../keyring/keyring-table.ts';

/** A keyed hash of a column, joined with what the database says. */
export interface HashedColumn extends HashRule {
  /** Canonical `schema.table`. */
  readonly table: string;
  readonly source: HashSource;
  readonly columns: Readonly<Record<HashParity, string>>;
  /** How hashes stand there. */
  readonly encoding: 'bytea' | 'hex';
  readonly walkable: WalkableTable;
  readonly relation: Relation;
}

/** What is hashed. */
export type HashSource =
  | { readonly kind: 'text' | 'bytea'; readonly column: string }
  /** It is opened first. */
  | {
      readonly kind: 'encrypted';
      readonly column: string;
      readonly sealed: WalkedColumn;
      readonly keyring: KeyringTable;
    };

/** Which of the two columns the hashes of a version stand in. */
export const parityOf = (version: number): HashParity => (version % 2 === 0 ? 'even' : 'odd');

/**
 * @throws {PosternError} exit 2: `hash-unpaired`, `table-missing`, `column-missing`, `hash-column-type`,
 * `column-not-null`, `column-generated`, `hash-source-type`, `table-without-key`, and as `walkedColumn`
 */
export function hashedColumn(hash: KeyedHash, map: DataMap, catalog: Catalog): HashedColumn {
  const { table, normalise, bits } = hash;
  const [odd, ...otherOdd] = hash.odd;
  const [even, ...otherEven] = hash.even;
  if (odd === undefined || even === undefined || otherOdd.length + otherEven.length > 0) {
    throw usageError(
      `the hash of ${table}.${hash.source} has not one column for odd and one for even versions`,
      {
        code: 'hash-unpaired',
        hints: ['`postern map lint` tells what is missing; docs/hmac.md shows how to add it'],
      },
    );
  }
  const relation = relationOf(catalog, table);
  const encodings = [odd, even].map((name) => encodingOf(table, columnOf(relation, name), bits));
  const [encoding, other] = encodings;
  if (encoding === undefined || encoding !== other) {
    throw usageError(`${table}.${odd} and ${table}.${even} are of different types`, {
      code: 'hash-column-type',
    });
  }
  return {
    table,
    source: sourceOf(hash, map, catalog),
    columns: { odd, even },
    encoding,
    normalise,
    bits,
    walkable: walkableTable(relation),
    relation,
  };
}

function encodingOf(
  table: string,
  { name, type, baseType, notNull, generated }: Column,
  bits: number,
): 'bytea' | 'hex' {
  if (generated !== null) {
    throw usageError(`${table}.${name} is generated, so that nothing can be written to it`, {
      code: 'column-generated',
    });
  }
  if (notNull) {
    throw usageError(`${table}.${name} is NOT NULL, and has to be empty between two rotations`, {
      code: 'column-not-null',
      hints: [`ALTER TABLE ${table} ALTER COLUMN ${name} DROP NOT NULL`],
    });
  }
  const encoding = hashEncoding(baseType, bits);
  if (encoding !== undefined) return encoding;
  throw usageError(`${table}.${name} is ${type}, in which a hash of ${bits} bits cannot stand`, {
    code: 'hash-column-type',
    hints: [`it is bytea, or text or varchar of ${bits / 4} hexadecimal digits`],
  });
}

function sourceOf(hash: KeyedHash, map: DataMap, catalog: Catalog): HashSource {
  const { table, source: column, normalise } = hash;
  const encrypted = encryptedColumns(map).find((one) => one.table === table && one.column === column);
  if (encrypted !== undefined) {
    const sealed = walkedColumn(encrypted, catalog);
    return { kind: 'encrypted', column, sealed, keyring: keyringTable(sealed.keyring, catalog) };
  }
  const { type, baseType } = columnOf(relationOf(catalog, table), column);
  const kind = baseType === 'bytea' ? 'bytea' : 'text';
  const isFit = isSourceType(baseType, 'plain') && (kind === 'text' || normalise.length === 0);
  if (isFit) return { kind, column };
  throw usageError(`${table}.${column} is ${type}, which cannot be hashed so`, {
    code: 'hash-source-type',
    hints: ['it is text, varchar, or bytea that is not normalised, or encrypted in postern’s format'],
  });
}
