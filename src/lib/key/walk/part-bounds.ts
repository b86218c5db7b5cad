import type { Queryable } from '../../base/postgres.ts';
import { tableName } from '../../platform/map/index.ts';
import { quoteIdentifier } from '../../platform/quote.ts';
import { keyText } from '../../platform/walk/index.ts';
import type { WalkedColumn } from '../column/walked-column.ts';

/** Rows of a part, about. */
const partRows = 50_000;
const mostParts = 256;
/** Rows looked at to place one bound. */
const samples = 50;

/**
 * Keys that cut a table in parts of about one size, from a sample of its blocks. No row is lost where they cut badly:
 * every key is in exactly one part.
 * @param rows how many rows the table has, about
 */
export async function partBounds(
  db: Queryable,
  { table, walkable }: Pick<WalkedColumn, 'table' | 'walkable'>,
  rows: number,
): Promise<readonly (readonly string[])[]> {
  const parts = Math.min(mostParts, Math.ceil(rows / partRows));
  if (parts < 2) return [];
  const percent = Math.min(100, (parts * samples * 100) / rows);
  const key = walkable.key.map(({ name }) => quoteIdentifier(name)).join(', ');
  const { rows: found } = await db.query<string[]>({
    text: `select ${walkable.key.map(keyText).join(', ')} from ${walkable.kind === 'table' ? 'only ' : ''}${tableName(table)}
      tablesample system (${percent}) order by ${key}`,
    rowMode: 'array',
    types: { getTypeParser: () => (value: string | Buffer) => value },
  });
  const bounds = Array.from({ length: parts - 1 }, (_, index) =>
    found.at(Math.floor(((index + 1) * found.length) / parts)),
  ).filter((bound) => bound !== undefined);
  return bounds.filter((bound, index) => bound.join('\0') !== bounds[index - 1]?.join('\0'));
}
