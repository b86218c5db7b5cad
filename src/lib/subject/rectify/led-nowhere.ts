import { counted } from '../../base/counted.ts';
import type { Client } from '../../base/postgres.ts';
import { tableName } from '../../platform/map/index.ts';
import { quoteIdentifier } from '../../platform/quote.ts';
import { isWritable } from '../erase/closure/freeze.ts';
import { referringSql } from '../graph/join-sql.ts';
import type { Correction } from './correction.ts';
import type { Place } from './inputs.ts';

/**
 * Rows that refer to the old name by convention, in a column that the map calls no name: nothing corrects them, and they
 * would be nobody's from then on. A sentence for each column.
 */
export async function ledNowhere(
  db: Client,
  { change, treatments, fields }: Correction,
  changed: readonly Place[],
): Promise<readonly string[]> {
  if (change.kind === 'field') return [];
  const old = [...(change.old.get(change.of) ?? [])].map((name) => name.toLowerCase());
  const found: string[] = [];
  for (const treatment of treatments.values()) {
    const { name, references } = treatment.table;
    for (const reference of isWritable(treatment) ? references : []) {
      const { entry, columns, toTable, toColumns } = reference;
      if (entry.kind !== 'soft' || entry.path !== undefined) continue;
      for (const [index, column] of columns.entries()) {
        const to = toColumns[index];
        const isChanged = changed.some((place) => place.table === toTable && place.column === to);
        const isItself = name === toTable && column === to;
        const isName = fields.get(name)?.some((one) => one.column === column && one.identity !== undefined);
        if (!isChanged || isItself || isName === true) continue;
        // Of one column, a part of the value may be what refers.
        const own =
          columns.length === 1 ? referringSql(reference, 't') : `t.${quoteIdentifier(column)}::text`;
        const { rows } = await db.query<{ rows: number }>(
          `select count(*)::float8 as rows from ${tableName(name)} t where pg_catalog.lower(${own}) = any($1)`,
          [old],
        );
        const count = rows[0]?.rows ?? 0;
        if (count > 0)
          found.push(
            `${counted(count, 'row')} of ${name} refer to ${toTable}.${to} by ${column} alone, and would lead nowhere: give ${column} an identity in the map, so that it changes too`,
          );
      }
    }
  }
  return found;
}
