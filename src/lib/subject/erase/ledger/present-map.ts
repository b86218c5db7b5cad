import { refused } from '../../../base/error.ts';
import type { Catalog } from '../../../platform/catalog/index.ts';
import {
  canonicalName,
  type DataMap,
  formatName,
  parseColumnName,
  parseObjectKey,
} from '../../../platform/map/index.ts';

/** The columns of each table that a database has, by canonical name. */
export type PresentColumns = ReadonlyMap<string, ReadonlySet<string>>;

export function columnsOf({ relations }: Catalog): PresentColumns {
  return new Map(
    relations.map(({ schema, name, columns }) => [
      formatName(schema, name),
      new Set(columns.map((column) => column.name)),
    ]),
  );
}

/**
 * The map without what a database does not have: tables that a restore left out, tables and columns that came after the
 * backup was made.
 * @throws {PosternError} exit 6, `erase-blocked`, where a table lacks the columns that tell its rows or tenants apart
 */
export function presentMap(map: DataMap, present: PresentColumns): DataMap {
  return {
    ...map,
    tables: Object.fromEntries(
      Object.entries(map.tables).flatMap(([name, entry]) => {
        const own = present.get(canonicalName(name));
        return own === undefined ? [] : [[name, presentTable(name, entry, own, present)]];
      }),
    ),
  };
}

type MapTable = DataMap['tables'][string];
type MapField = NonNullable<MapTable['fields']>[string];
type MapReference = NonNullable<MapTable['references']>[number];

function presentTable(
  name: string,
  entry: MapTable,
  own: ReadonlySet<string>,
  present: PresentColumns,
): MapTable {
  const { primary_key: key = [], tenant, retention, fields = {}, references = [] } = entry;
  const needed = [...key, ...(tenant === undefined ? [] : [tenant])].find((column) => !own.has(column));
  if (needed !== undefined) {
    throw refused(
      `${name} has no column ${needed} yet in this backup, by which the data map tells its rows`,
      {
        code: 'erase-blocked',
        hints: ['repeat it with a data map as it was then: --config names a configuration that has it'],
      },
    );
  }
  return {
    ...entry,
    ...(retention === undefined ? {} : { retention: presentRetention(retention, own) }),
    fields: Object.fromEntries(
      Object.entries(fields).filter(([column, field]) => isThere(column, field, own)),
    ),
    references: references.filter((reference) => leads(reference, own, present)),
  };
}

/** Without the column that says since when, a law keeps every row. */
function presentRetention(
  retention: NonNullable<MapTable['retention']>,
  own: ReadonlySet<string>,
): NonNullable<MapTable['retention']> {
  if (typeof retention !== 'object' || retention.from === undefined || own.has(retention.from))
    return retention;
  const { from: _, ...others } = retention;
  return others;
}

/** Whether a field has all columns that it is read by. */
function isThere(column: string, { type, object, domain }: MapField, own: ReadonlySet<string>): boolean {
  const parts = (object === undefined ? undefined : parseObjectKey(object.key)) ?? [];
  const columns = [
    ...(type === undefined ? [] : [column]),
    ...(domain === undefined || domain.by !== undefined ? [] : [domain.column]),
    ...parts.flatMap((part) => ('column' in part ? part.column : [])),
  ];
  return columns.every((name) => own.has(name));
}

/** Whether a reference has its columns on both sides; one to a table that is not there is passed over in any case. */
function leads({ column, to, when = {} }: MapReference, own: ReadonlySet<string>, present: PresentColumns) {
  return (
    [...[column].flat(), ...Object.keys(when)].every((name) => own.has(name)) &&
    [to].flat().every((target) => {
      const { table = '', column: name = '' } = parseColumnName(target) ?? {};
      return present.get(table)?.has(name) ?? true;
    })
  );
}
