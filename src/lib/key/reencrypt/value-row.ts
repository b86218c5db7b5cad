import type { Queryable } from '../../base/postgres.ts';
import { quoteIdentifier } from '../../platform/quote.ts';
import { type TextRow, walkTable } from '../../platform/walk/index.ts';
import { subjectExpression, type WalkedColumn } from '../column/walked-column.ts';
import type { ReadOptions, RowBatch } from '../walk/row-work.ts';

/** One encrypted value and where it stands. */
export interface ValueRow {
  /** By which the row is found again. */
  readonly key: readonly string[];
  /** As it is bound into the value. */
  readonly primaryKey: readonly string[];
  /** Null where the way to whose key it is breaks off. */
  readonly subject: string | null;
  readonly value: Buffer;
}

/** A column's values in the order of its table's key, a batch at a time. Errors as `walkTable`. */
export async function* readValues(
  db: Queryable,
  column: WalkedColumn,
  options: ReadOptions,
): AsyncGenerator<RowBatch<ValueRow>, void, undefined> {
  const keyColumns = column.walkable.key.map(({ name }) => name);
  const walk = walkTable(db, column.walkable, {
    ...options,
    columns: keyColumns,
    // Under names of our own, which none of the table's columns stands in the way of.
    expressions: {
      'postern value': quoteIdentifier(column.column),
      'postern subject': subjectExpression(column, 'walked'),
    },
  });
  for await (const { rows, keys, lastKey } of walk) {
    yield { rows: rows.flatMap((row, index) => valueRow(keyColumns, row, keys[index] ?? [])), lastKey };
  }
}

/** The rows with these keys as they are now; those that are gone, or hold no value any more, are left out. */
export async function rereadValues(
  db: Queryable,
  column: WalkedColumn,
  keys: readonly (readonly string[])[],
): Promise<readonly ValueRow[]> {
  const found: ValueRow[] = [];
  // One at a time: it is asked for the few rows that the application changed under the walk.
  for (const key of keys) {
    const text = column.walkable.key
      .map(({ name, type }, index) => `${quoteIdentifier(name)} = $${index + 1}::${type}`)
      .join(' and ');
    const read = readValues(db, column, { batchSize: 1, where: { text, values: key } });
    const { value: batch } = await read.next();
    await read.return();
    found.push(...(batch?.rows ?? []));
  }
  return found;
}

function valueRow(keyColumns: readonly string[], row: TextRow, key: readonly string[]): readonly ValueRow[] {
  const value = row['postern value'];
  if (value === null || value === undefined) return [];
  return [
    {
      key,
      primaryKey: keyColumns.map((name) => row[name] ?? ''),
      subject: row['postern subject'] ?? null,
      // bytea_output is hex in postern's sessions: `\x` and two digits a byte.
      value: Buffer.from(value.slice(2), 'hex'),
    },
  ];
}
