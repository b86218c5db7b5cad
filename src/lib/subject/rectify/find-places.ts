import type { Client } from '../../base/postgres.ts';
import { tableName } from '../../platform/map/index.ts';
import type { ErasedField } from '../erase/change/fields.ts';
import { isWritable } from '../erase/closure/freeze.ts';
import { parameters } from '../identity/spots.ts';
import type { Correction } from './correction.ts';
import type { Place } from './inputs.ts';
import { placesSql } from './places-sql.ts';

/** Counts where what is wrong stands: by column, and whose the rows are. */
export async function findPlaces(
  db: Client,
  correction: Correction,
  onTable: (table: string) => void,
): Promise<Place[]> {
  const found: Place[] = [];
  for (const treatment of correction.treatments.values()) {
    correction.resolving.signal.throwIfAborted();
    const { name, entry } = treatment.table;
    const { values, add } = parameters();
    const sql = isWritable(treatment) ? placesSql(correction, treatment, add) : undefined;
    if (sql === undefined) continue;
    onTable(name);
    const columns = [...sql.columns];
    const counts = columns.map(
      ([, match], index) =>
        `count(*) filter (where (${match}) and ${sql.owned})::float8 as own${index}, count(*) filter (where (${match}) and not ${sql.owned})::float8 as others${index}`,
    );
    const { rows } = await db.query<Record<string, number>>(
      `select ${counts.join(', ')} from ${tableName(name)} t where ${sql.ofTenant}`,
      values,
    );
    for (const [index, [column]] of columns.entries()) {
      const field = correction.fields.get(name)?.find((one) => one.column === column);
      const own = entry.ownership === 'shared' ? 'shared' : 'own';
      const place = (whose: Place['whose'], count = 0): readonly Place[] =>
        count === 0
          ? []
          : [{ table: name, column, whose, rows: count, action: actionOf(correction, field, whose) }];
      found.push(...place(own, rows[0]?.[`own${index}`]));
      if (correction.change.kind === 'name') found.push(...place('others', rows[0]?.[`others${index}`]));
    }
  }
  return found;
}

export const isKept = (field: ErasedField | undefined): boolean =>
  typeof field?.rule === 'object' && 'keep' in field.rule;

function actionOf(
  { everywhere }: Correction,
  field: ErasedField | undefined,
  whose: Place['whose'],
): Place['action'] {
  if (whose === 'others' && !everywhere) return 'leave';
  return isKept(field) ? 'keep' : 'change';
}
