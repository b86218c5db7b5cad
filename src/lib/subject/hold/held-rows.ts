import { usageError } from '../../base/error.ts';
import type { Client } from '../../base/postgres.ts';
import { canonicalName, type DataMap, type MapModel, mapModel, tableName } from '../../platform/map/index.ts';
import { quoteIdentifier } from '../../platform/quote.ts';

/** A row of the platform, by its primary key. */
export interface HeldRow {
  /** Canonical name. */
  readonly table: string;
  /** In the map's order, in PostgreSQL's text form. */
  readonly key: readonly string[];
}

/**
 * Reads `schema.table=key`, or `schema.table=["part","part"]` where the primary key has several columns, and makes sure
 * that each row is there, as it is written: a hold on nothing would keep nothing.
 * @throws {PosternError} exit 2: `row-invalid`, `table-unknown`, `row-unknown`
 */
export async function readHeldRows(
  db: Client,
  map: DataMap,
  given: readonly string[],
): Promise<readonly HeldRow[]> {
  const model = mapModel(map);
  const rows = given.map((text) => parsedRow(model, text));
  for (const row of rows) await requireRow(db, model, row);
  return rows;
}

/** @throws {PosternError} exit 2, `table-unknown` */
export function mappedTable(model: MapModel, given: string): string {
  const name = canonicalName(given);
  if (model.tables.has(name)) return name;
  throw usageError(`the map has no table ${given}`, {
    code: 'table-unknown',
    hints: ['write it as schema.table, as the map does; `postern map show` lists all of them'],
  });
}

function parsedRow(model: MapModel, text: string): HeldRow {
  const at = text.indexOf('=');
  if (at < 1) throw invalidRow(text.slice(0, Math.max(at, 0)));
  const table = mappedTable(model, text.slice(0, at));
  const columns = model.tables.get(table)?.entry.primary_key ?? [];
  const key = columns.length === 1 ? [text.slice(at + 1)] : listOf(text.slice(at + 1));
  if (columns.length > 0 && key?.length === columns.length) return { table, key };
  throw invalidRow(table, columns);
}

function listOf(text: string): readonly string[] | undefined {
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) ? list.map(String) : undefined;
  } catch {
    return undefined;
  }
}

function invalidRow(table: string, columns: readonly string[] = []): Error {
  return usageError(`a row of ${table === '' ? 'a table' : table} is not named in that way`, {
    code: 'row-invalid',
    hints: [
      columns.length > 1
        ? `write ${table}=[…], a JSON array of ${columns.join(', ')}, in single quotes for the shell`
        : 'write schema.table=key; the map must give the table a primary key',
    ],
  });
}

async function requireRow(db: Client, model: MapModel, { table, key }: HeldRow): Promise<void> {
  const columns = model.tables.get(table)?.entry.primary_key ?? [];
  const where = columns.map((name, index) => `${quoteIdentifier(name)}::text = $${index + 1}`);
  const { rows } = await db.query(`select from ${tableName(table)} where ${where.join(' and ')} limit 1`, [
    ...key,
  ]);
  if (rows.length > 0) return;
  throw usageError(`${table} has no row of such a key`, {
    code: 'row-unknown',
    hints: ['write each value as PostgreSQL prints it: 7, not 007'],
  });
}
