import { counted } from '../../../base/counted.ts';
import { readCatalog } from '../../../platform/catalog/index.ts';
import { encryptedColumns, keyringsOf, tableName } from '../../../platform/map/index.ts';
import { quoteIdentifier } from '../../../platform/quote.ts';
import { undeclaredColumns } from '../../census/undeclared.ts';
import { formatOfValue, keyIdOfValue } from '../../column/format-of-value.ts';
import { byteaColumn } from '../../column/walked-column.ts';
import { eachDatabase, type LookedAt } from '../databases.ts';
import { type Look, verdictOf } from './rule.ts';

/**
 * No value is in quarantine, and no encrypted value, in a column that the map knows or in any other, is under a data
 * key that no keyring has: nobody can tell what wraps that one.
 */
export const noQuarantine: Look = async ({ context }) => {
  const { rows } = await (await context.state()).query<{ table: string; column: string; values: number }>(
    `select table_name as table, column_name as column, count(*)::float8 as values from postern.key_quarantine
     where profile = $1 and resolved_at is null group by 1, 2 order by 1, 2`,
    [context.profile],
  );
  const untold: string[] = [];
  const withoutMap = await eachDatabase(context, async (database) => {
    for (const { table, column, values } of await orphans(database)) {
      untold.push(
        `${counted(values, 'encrypted value')} of ${database.label}${table}.${column} under data keys that no keyring has, or of a format not known here: \`postern key census\` shows them`,
      );
    }
  });
  return verdictOf({
    against: rows.map(
      ({ table, column, values }) => `${counted(values, 'value')} of ${table}.${column} in quarantine`,
    ),
    untold: [...untold, ...withoutMap],
    met: 'nothing is in quarantine, and every encrypted value names a data key that a keyring has',
  });
};

/** Columns with encrypted values whose data key is in no keyring, or that are of a format that nobody here can read. */
async function orphans({ db, map }: LookedAt) {
  const declared = encryptedColumns(map).filter(({ format }) => format === 'postern');
  const catalog = await readCatalog(db);
  for (const column of declared) byteaColumn(column, catalog);
  const undeclared = await undeclaredColumns(db, catalog, map);
  const known = keyringsOf(map).map(
    ({ table, id }) => `exists (select from ${tableName(table)} k where k.${quoteIdentifier(id)} = v.key_id)`,
  );
  const isKnown = known.length === 0 ? 'false' : `(${known.join(' or ')})`;
  const found: { readonly table: string; readonly column: string; readonly values: number }[] = [];
  for (const { table, column } of [...declared, ...undeclared]) {
    const value = quoteIdentifier(column);
    const format = formatOfValue(value);
    const { rows } = await db.query<{ values: number }>(
      `with v as (
         select ${format} as format, case when ${format} = 'keyed' then ${keyIdOfValue(value)} end as key_id,
           count(*) as values
         from ${tableName(table)} where ${value} is not null group by 1, 2)
       select coalesce(sum(values), 0)::float8 as values from v
       where format = 'version' or (format = 'keyed' and not ${isKnown})`,
    );
    const values = rows[0]?.values ?? 0;
    if (values > 0) found.push({ table, column, values });
  }
  return found;
}
