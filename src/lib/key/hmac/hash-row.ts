import type { Queryable } from '../../base/postgres.ts';
import type { HashParity } from '../../platform/map/index.ts';
import { quoteIdentifier } from '../../platform/quote.ts';
import { type TextRow, walkTable } from '../../platform/walk/index.ts';
import { subjectExpression } from '../column/walked-column.ts';
import type { ReadOptions, RowBatch } from '../walk/row-work.ts';
import { rowsByKey } from '../walk/rows-by-key.ts';
import { type VersionedRow, versionExpressions, versionOf } from '../walk/swap-rows.ts';
import type { HashedColumn } from './hashed-column.ts';

/** A row with what is hashed, and its hashes. */
export interface HashRow extends VersionedRow {
  /** As it is bound into an encrypted value. */
  readonly primaryKey: readonly string[];
  /** Whose data key an encrypted value is under; null where the way to that breaks off. */
  readonly subject: string | null;
  /** Bytes; of a text, its UTF-8. Encrypted where the column is. */
  readonly source: Buffer | null;
  /** In PostgreSQL's text. */
  readonly hashes: Readonly<Record<HashParity, string | null>>;
}

/** Rows in the order of their table's key; those with neither value nor hash are left out. Errors as `walkTable`. */
export async function* readHashRows(
  db: Queryable,
  hashed: HashedColumn,
  options: ReadOptions,
): AsyncGenerator<RowBatch<HashRow>, void, undefined> {
  const { source, columns, walkable } = hashed;
  const keyColumns = walkable.key.map(({ name }) => name);
  const walk = walkTable(db, walkable, {
    ...options,
    columns: keyColumns,
    expressions: {
      'postern source': quoteIdentifier(source.column),
      'postern odd': quoteIdentifier(columns.odd),
      'postern even': quoteIdentifier(columns.even),
      ...(source.kind === 'encrypted' && { 'postern subject': subjectExpression(source.sealed, 'walked') }),
      ...versionExpressions,
    },
  });
  for await (const { rows, keys, lastKey } of walk) {
    const found = rows.map((row, index) => hashRow(row, keys[index] ?? [], keyColumns, source.kind));
    yield {
      rows: found.filter(({ source: value, hashes }) => (value ?? hashes.odd ?? hashes.even) !== null),
      lastKey,
    };
  }
}

/** The rows with these keys as they are now; those that are gone are left out. */
export const rereadHashRows = (
  db: Queryable,
  hashed: HashedColumn,
  keys: readonly (readonly string[])[],
): Promise<readonly HashRow[]> =>
  rowsByKey(hashed.walkable, keys, (options) => readHashRows(db, hashed, options));

function hashRow(
  row: TextRow,
  key: readonly string[],
  keyColumns: readonly string[],
  kind: HashedColumn['source']['kind'],
): HashRow {
  const value = row['postern source'] ?? null;
  return {
    key,
    primaryKey: keyColumns.map((name) => row[name] ?? ''),
    subject: row['postern subject'] ?? null,
    // bytea_output is hex in postern's sessions: `\x` and two digits a byte.
    source: value === null ? null : kind === 'text' ? Buffer.from(value) : Buffer.from(value.slice(2), 'hex'),
    hashes: { odd: row['postern odd'] ?? null, even: row['postern even'] ?? null },
    version: versionOf(row),
  };
}
