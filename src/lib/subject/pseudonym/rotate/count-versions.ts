import type { Queryable } from '../../../base/postgres.ts';
import { tableName } from '../../../platform/map/index.ts';
import { versionsSql } from './column-sql.ts';
import type { CountedColumn } from './inputs.ts';
import type { PseudonymTable } from './scope.ts';

/** How many pseudonyms of each version stand in each column, by a pass over every table for each. */
export async function countVersions(
  db: Queryable,
  tables: readonly PseudonymTable[],
): Promise<readonly CountedColumn[]> {
  const counted: CountedColumn[] = [];
  for (const { name, columns } of tables) {
    for (const column of columns) {
      const { rows } = await db.query<CountedColumn['versions'][number]>(
        `select version, count(*)::float8 as values from (${versionsSql(column, tableName(name))}) found
         group by version order by version`,
      );
      counted.push({ table: name, column: column.name, versions: rows });
    }
  }
  return counted;
}

/** @returns how many are under an older key than this one */
export function olderThan(version: number, columns: readonly CountedColumn[]): number {
  return columns
    .flatMap(({ versions }) => versions)
    .reduce((sum, one) => sum + (one.version < version ? one.values : 0), 0);
}
