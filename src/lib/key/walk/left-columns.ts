import type { Queryable } from '../../base/postgres.ts';
import { type Catalog, readCatalog } from '../../platform/catalog/index.ts';
import { type DataMap, encryptedColumns, formatName, keyedHashes } from '../../platform/map/index.ts';
import type { KeyContext } from '../context.ts';
import type { QuarantineOf } from './quarantine.ts';

/** Columns of a profile whose values are in quarantine. */
export async function quarantinedColumns(
  state: Queryable,
  profile: string,
): Promise<readonly Pick<QuarantineOf, 'table' | 'column'>[]> {
  const { rows } = await state.query<{ table: string; column: string }>(
    `select distinct table_name as table, column_name as column from postern.key_quarantine
     where profile = $1 and resolved_at is null order by 1, 2`,
    [profile],
  );
  return rows;
}

/** Values that are out of quarantine because their column is none any more. */
export interface LeftColumn {
  readonly table: string;
  readonly column: string;
  /** `column-gone`: the database has none; `column-left`: the map calls it neither encrypted nor hashed. */
  readonly why: 'column-gone' | 'column-left';
  readonly values: number;
}

/** Takes out of quarantine what no walk of this map can reach any more, of whichever plan. */
export async function resolveLeftColumns(
  state: Queryable,
  profile: string,
  { map, catalog }: { readonly map: DataMap; readonly catalog: Catalog },
): Promise<readonly LeftColumn[]> {
  const there = new Set(
    catalog.relations.flatMap(({ schema, name, columns }) =>
      columns.map((column) => `${formatName(schema, name)}.${column.name}`),
    ),
  );
  const meant = walkedNames(map);
  const left: LeftColumn[] = [];
  for (const { table, column } of await quarantinedColumns(state, profile)) {
    const name = `${table}.${column}`;
    if (there.has(name) && meant.has(name)) continue;
    const { rowCount } = await state.query(
      `update postern.key_quarantine set resolved_at = clock_timestamp()
       where profile = $1 and table_name = $2 and column_name = $3 and resolved_at is null`,
      [profile, table, column],
    );
    left.push({ table, column, why: there.has(name) ? 'column-left' : 'column-gone', values: rowCount ?? 0 });
  }
  return left;
}

/** The same at the end of a plan, by the map and the database as they are then. */
export async function settleLeftColumns(context: KeyContext, db: Queryable): Promise<void> {
  const [map, catalog] = [await context.map(), await readCatalog(db)];
  await resolveLeftColumns(await context.state(), context.profile, { map, catalog });
}

/** Every column under whose name a walk puts rows into quarantine. */
function walkedNames(map: DataMap): ReadonlySet<string> {
  const encrypted = encryptedColumns(map)
    .filter(({ format }) => format === 'postern')
    .flatMap(({ table, column, source }) =>
      [column, ...(source === undefined ? [] : [source.column])].map((name) => `${table}.${name}`),
    );
  const hashed = keyedHashes(map).flatMap(({ table, odd, even }) =>
    [...odd, ...even].map((name) => `${table}.${name}`),
  );
  return new Set([...encrypted, ...hashed]);
}
