import type { Queryable } from '../../base/postgres.ts';
import type { Catalog } from '../../platform/catalog/index.ts';
import { type DataMap, encryptedColumns, formatName, keyringsOf } from '../../platform/map/index.ts';
import { qualifiedName, quoteIdentifier } from '../../platform/quote.ts';
import { hasMagic } from '../column/format-of-value.ts';

/** A column with encrypted values that the map does not call encrypted: no rotation would reach them. */
export interface UndeclaredColumn {
  /** Canonical `schema.table`. */
  readonly table: string;
  readonly column: string;
  readonly values: number;
}

/** Looks at every bytea column that the map does not call encrypted, one pass a table. */
export async function undeclaredColumns(
  db: Queryable,
  catalog: Catalog,
  map: DataMap,
): Promise<readonly UndeclaredColumn[]> {
  const known = new Set([
    ...encryptedColumns(map).map(({ table, column }) => `${table}.${column}`),
    ...keyringsOf(map).map(({ table, wrapped }) => `${table}.${wrapped}`),
  ]);
  const found: UndeclaredColumn[] = [];
  for (const { schema, name, columns, kind, partitionOf } of catalog.relations) {
    // A partition's rows are seen with those of the table it belongs to.
    if (!['table', 'partitioned-table', 'materialised-view'].includes(kind) || partitionOf !== null) continue;
    const table = formatName(schema, name);
    const unknown = columns.filter(
      (column) => column.baseType === 'bytea' && !known.has(`${table}.${column.name}`),
    );
    if (unknown.length === 0) continue;
    const counts = unknown.map(
      (column) => `count(*) filter (where ${hasMagic(quoteIdentifier(column.name))})`,
    );
    const { rows } = await db.query<string[]>({
      text: `select ${counts.join(', ')} from ${qualifiedName(schema, name)}`,
      rowMode: 'array',
    });
    for (const [index, column] of unknown.entries()) {
      const values = Number(rows[0]?.[index] ?? 0);
      if (values > 0) found.push({ table, column: column.name, values });
    }
  }
  return found;
}
