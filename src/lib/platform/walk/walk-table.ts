import { failure, type PosternError, usageError } from '../../base/error.ts';
import { type Queryable, sqlState } from '../../base/postgres.ts';
import { qualifiedName } from '../quote.ts';
import { type WalkQueryOptions, walkQuery } from './walk-query.ts';
import type { WalkableTable } from './walkable-table.ts';

/** A row's values in PostgreSQL's text format, which loses nothing: `\x…` for bytea, microseconds kept. */
export type TextRow = Readonly<Record<string, string | null>>;

export interface WalkBatch {
  readonly rows: readonly TextRow[];
  /** The rows' keys, in the same order. */
  readonly keys: readonly (readonly string[])[];
  /** The last row's key: hand it in as `after` to carry on behind it. Plain strings, so that a journal can hold it. */
  readonly lastKey: readonly string[];
}

export interface WalkOptions extends Omit<WalkQueryOptions, 'batchSize'> {
  /** Rows in a batch; 1,000 unless told. */
  readonly batchSize?: number;
}

/**
 * Reads a table in the order of its key, a batch at a time, each found by the index: no OFFSET, no open cursor, so
 * that a walk can stop anywhere and be resumed days later. Each batch sees the table as it is then, unless the caller
 * holds a repeatable-read transaction; a row whose key changes meanwhile may be seen twice or not at all.
 * @throws {PosternError} exit 2, `walk-options`; exit 1, `text-encoding` for text in a SQL_ASCII database that is no
 * UTF-8; and whatever the server throws
 */
export async function* walkTable(
  db: Queryable,
  table: WalkableTable,
  { batchSize = 1000, after, ...options }: WalkOptions,
): AsyncGenerator<WalkBatch, void, undefined> {
  checkOptions(table, batchSize, [after, options.until]);
  let lastKey = after;
  const names = [...options.columns, ...Object.keys(options.expressions ?? {})];
  for (;;) {
    const { text, values } = walkQuery(table, {
      ...options,
      batchSize,
      ...(lastKey === undefined ? {} : { after: lastKey }),
    });
    const rows = await readBatch(db, table, text, values);
    const last = rows.at(-1);
    if (last === undefined) return;
    lastKey = keyOf(table, last);
    const keys = rows.map((row) => keyOf(table, row));
    yield { rows: rows.map((row) => named(names, row.slice(table.key.length))), keys, lastKey };
    if (rows.length < batchSize) return;
  }
}

type Row = readonly (string | null)[];

async function readBatch(
  db: Queryable,
  table: WalkableTable,
  text: string,
  values: readonly unknown[],
): Promise<readonly Row[]> {
  try {
    const query = { text, values: [...values], rowMode: 'array', types: asText } as const;
    return (await db.query<(string | null)[]>(query)).rows;
  } catch (error) {
    throw sqlState(error) === '22021' ? notUtf8(table, error) : error;
  }
}

const asText = { getTypeParser: () => (value: string | Buffer) => value };

function named(columns: readonly string[], values: Row): TextRow {
  return Object.fromEntries(columns.map((column, index) => [column, values[index] ?? null]));
}

function keyOf(table: WalkableTable, row: Row): readonly string[] {
  const key = row.slice(0, table.key.length).filter((value) => value !== null);
  if (key.length === table.key.length) return key;
  throw failure(`the key of ${qualifiedName(table.schema, table.name)} holds a null`, { code: 'key-null' });
}

function notUtf8({ schema, name }: WalkableTable, cause: unknown): PosternError {
  return failure(`${qualifiedName(schema, name)} holds text in bytes that are no UTF-8`, {
    code: 'text-encoding',
    cause,
    hints: [
      'a SQL_ASCII database keeps bytes as they come; such text has to be converted there before it can be walked',
    ],
  });
}

function checkOptions(
  table: WalkableTable,
  batchSize: number,
  bounds: readonly (readonly string[] | undefined)[],
): void {
  const name = qualifiedName(table.schema, table.name);
  if (table.key.length === 0) throw usageError(`${name} has no key to walk by`, { code: 'walk-options' });
  if (!Number.isSafeInteger(batchSize) || batchSize < 1) {
    throw usageError(`a batch of ${batchSize} rows is none`, { code: 'walk-options' });
  }
  const wrong = bounds.find((bound) => bound !== undefined && bound.length !== table.key.length);
  if (wrong !== undefined) {
    throw usageError(`the key of ${name} has ${table.key.length} columns, not ${wrong.length}`, {
      code: 'walk-options',
    });
  }
}
