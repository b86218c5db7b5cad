import type { Queryable } from '../../base/postgres.ts';
import { quoteIdentifier } from '../../platform/quote.ts';
import { type TextRow, walkTable } from '../../platform/walk/index.ts';
import { formatOfValue } from '../column/format-of-value.ts';
import { subjectExpression } from '../column/walked-column.ts';
import type { ReadOptions, RowBatch } from '../walk/row-work.ts';
import { rowsByKey } from '../walk/rows-by-key.ts';
import { type VersionedRow, versionExpressions, versionOf } from '../walk/swap-rows.ts';
import type { AdoptedColumn } from './adopted-column.ts';

/** A value before it is encrypted, and what stands where it is to go. */
export interface AdoptRow extends VersionedRow {
  /** As it is bound into the value. */
  readonly primaryKey: readonly string[];
  /** Null where the way to whose key it is breaks off. */
  readonly subject: string | null;
  /** The value as it was before, as bytes; null where nothing is left to be encrypted. */
  readonly source: Buffer | null;
  readonly target: Buffer | null;
}

/** SQL: whether a row has a value that is to be encrypted, or, after copying, to be removed. */
export function hasSource({ source, target }: AdoptedColumn): string {
  return source === undefined
    ? `${formatOfValue(quoteIdentifier(target.column))} = 'plain' and ${quoteIdentifier(target.column)} is not null`
    : `${quoteIdentifier(source.column)} is not null`;
}

/** Rows with a value to be encrypted, in the order of their table's key. Errors as `walkTable`. */
export async function* readAdoptRows(
  db: Queryable,
  adopted: AdoptedColumn,
  options: ReadOptions,
): AsyncGenerator<RowBatch<AdoptRow>, void, undefined> {
  for await (const { rows, lastKey } of readRows(db, adopted, options)) {
    yield { rows: rows.filter(({ source }) => source !== null), lastKey };
  }
}

/**
 * The rows with these keys as they are now; those that are gone, or have nothing to be encrypted, are left out. In
 * place a value that is not in clear stays in: whoever asks wants to know whether it opens.
 */
export async function rereadAdoptRows(
  db: Queryable,
  adopted: AdoptedColumn,
  keys: readonly (readonly string[])[],
): Promise<readonly AdoptRow[]> {
  const found = await rowsByKey(adopted.target.walkable, keys, (options) => readRows(db, adopted, options));
  return found.filter(
    ({ source, target }) => source !== null || (adopted.source === undefined && target !== null),
  );
}

async function* readRows(
  db: Queryable,
  adopted: AdoptedColumn,
  options: ReadOptions,
): AsyncGenerator<RowBatch<AdoptRow>, void, undefined> {
  const { target, source } = adopted;
  const keyColumns = target.walkable.key.map(({ name }) => name);
  const value = quoteIdentifier(target.column);
  const isPlain = `${formatOfValue(value)} = 'plain'`;
  const walk = walkTable(db, target.walkable, {
    ...options,
    columns: keyColumns,
    // Under names of our own, which none of the table's columns stands in the way of.
    expressions: {
      'postern source':
        source === undefined ? `case when ${isPlain} then ${value} end` : quoteIdentifier(source.column),
      'postern target': source === undefined ? `case when not ${isPlain} then ${value} end` : value,
      'postern subject': subjectExpression(target, 'walked'),
      ...versionExpressions,
    },
  });
  const isBytea = source?.isBytea ?? true;
  for await (const { rows, keys, lastKey } of walk) {
    yield { rows: rows.map((row, index) => adoptRow(keyColumns, row, keys[index] ?? [], isBytea)), lastKey };
  }
}

function adoptRow(
  keyColumns: readonly string[],
  row: TextRow,
  key: readonly string[],
  isBytea: boolean,
): AdoptRow {
  const source = row['postern source'] ?? null;
  const target = row['postern target'] ?? null;
  return {
    key,
    primaryKey: keyColumns.map((name) => row[name] ?? ''),
    subject: row['postern subject'] ?? null,
    source: source === null ? null : isBytea ? bytesOf(source) : Buffer.from(source, 'utf8'),
    target: target === null ? null : bytesOf(target),
    version: versionOf(row),
  };
}

/** bytea_output is hex in postern's sessions: `\x` and two digits a byte. */
const bytesOf = (text: string): Buffer => Buffer.from(text.slice(2), 'hex');
