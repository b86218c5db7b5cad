import type { Client } from '../../base/postgres.ts';
import { type ModelTable, tableName } from '../../platform/map/index.ts';
import { quoteIdentifier, quoteLiteral } from '../../platform/quote.ts';
import { countRows } from '../find/count-rows.ts';
import { ownedSql } from '../find/owned-sql.ts';
import type { Resolved, Resolving } from '../find/resolve.ts';
import { addressPattern, normalisedSql, searchForms } from '../identity/identities.ts';
import { jsonbSql } from '../identity/json-sql.ts';
import { type Parameters, parameters, type Spot, valueSql } from '../identity/spots.ts';

/** Rows of others that name the person. */
export interface Mention {
  readonly table: string;
  readonly rows: number;
  /** The names that stand there, and nothing else of the row. */
  readonly names: readonly { readonly field: string; readonly value: string; readonly rows: number }[];
}

/** Spellings of a name that are listed, for a table. */
const mostNames = 200;

/** @returns undefined where no row of others names the person */
export async function mentionsIn(
  db: Client,
  resolving: Resolving,
  resolved: Resolved,
  table: ModelTable,
): Promise<Mention | undefined> {
  const found = await countRows(db, resolving, resolved, table);
  const rows = found.reduce((sum, row) => sum + (row.class === 'mention' ? row.rows : 0), 0);
  if (rows === 0) return undefined;
  return { table: table.name, rows, names: await namesIn(db, resolving, resolved, table) };
}

async function namesIn(
  db: Client,
  { graph, isUtf8, tenant }: Resolving,
  { known, roots }: Resolved,
  table: ModelTable,
): Promise<Mention['names']> {
  const { values, add } = parameters();
  const parts = (graph.spots.get(table.name) ?? []).flatMap(
    (spot) => namesSql(spot, [...(known.get(spot.identity.kind) ?? [])], { add, isUtf8 }) ?? [],
  );
  if (parts.length === 0) return [];
  const owned = ownedSql({ graph, roots, add }, table, 't');
  const conditions = [
    ...(owned === undefined ? [] : [`not coalesce(${owned}, false)`]),
    ...(tenant === undefined || table.entry.tenant === undefined
      ? []
      : [`t.${quoteIdentifier(table.entry.tenant)}::text = ${add(tenant)}`]),
  ];
  const { rows } = await db.query<{ field: string; value: string; rows: number }>(
    `select n.field, n.value, count(*)::float8 as rows
     from ${tableName(table.name)} t cross join lateral (${parts.join(' union all ')}) n
     where ${['n.value is not null', ...conditions].join(' and ')}
     group by n.field, n.value order by n.field, n.value limit ${mostNames}`,
    values,
  );
  return rows;
}

/** SQL over the row `t`: the names of the person that stand in a place, as they are written there. */
function namesSql(
  { identity, form, path = '$', ...spot }: Spot,
  known: readonly string[],
  { add, isUtf8 }: Pick<Parameters, 'add'> & { readonly isUtf8: boolean },
): string | undefined {
  if (known.length === 0) return undefined;
  const column = `t.${quoteIdentifier(spot.column)}`;
  const field = quoteLiteral(form === 'path' ? `${spot.column} ${path}` : spot.column);
  const select = (value: string, rest = '') =>
    `select distinct ${field}::text as field, (${value})::text as value ${rest}`;
  if (form === 'inside') {
    const text = spot.isBytes ? `pg_catalog.encode(${column}, 'escape')` : `${column}::text`;
    // The second of its groups is the address itself.
    const pattern = addressPattern(known, identity.variants).replace(')(?:', ')(');
    return select(`(pg_catalog.regexp_match(${text}, ${add(pattern)}, 'i'))[2]`);
  }
  const forms = `${add([...new Set(known.flatMap((value) => searchForms(identity, value)))])}::text[]`;
  const isOne = (text: string) => `${normalisedSql(text, identity, { isUtf8 })} = any(${forms})`;
  if (form === 'array') return select('e', `from pg_catalog.unnest(${column}) e where ${isOne('e::text')}`);
  if (form === 'scalar') {
    const value = valueSql(spot, 't');
    return select(value, `where ${isOne(value)}`);
  }
  const node = `(e #>> '{}')`;
  const nodes = `from pg_catalog.jsonb_path_query(${jsonbSql(column)}, ${quoteLiteral(path)}) e`;
  return select(node, `${nodes} where ${isOne(node)}`);
}
