import type { Queryable } from '../../base/postgres.ts';
import { type ModelTable, tableName } from '../../platform/map/index.ts';
import { quoteIdentifier } from '../../platform/quote.ts';
import { refersTo } from '../graph/join-sql.ts';
import { matchSql, type Parameters, parameters } from '../identity/spots.ts';
import { aboutByParts } from './about-sql.ts';
import { isOneOf } from './known-rows.ts';
import { ownedSql } from './owned-sql.ts';
import type { Resolved, Resolving } from './resolve.ts';
import type { SubjectFindResult } from './results.ts';

type Counted = SubjectFindResult['rows'];

/** Counts the rows of a table that are the person's or name the person, by tenant, in one pass over the table. */
export async function countRows(
  db: Queryable,
  resolving: Resolving,
  { known, roots }: Resolved,
  table: ModelTable,
): Promise<Counted> {
  const { graph, isUtf8, tenant: wanted } = resolving;
  const { values, add } = parameters();
  const owned = ownedSql({ graph, roots, add }, table, 't');
  const spots = graph.spots.get(table.name) ?? [];
  const named = [
    ...spots.flatMap((spot) => matchSql(spot, 't', known, { add, isUtf8 }) ?? []),
    ...aboutByParts(graph, table, 't', known, { add, isUtf8 }),
    ...byReference(table, { graph, roots, add }),
  ];
  if (owned === undefined && named.length === 0) return [];
  const { entry } = table;
  const tenant = entry.tenant === undefined ? 'null::text' : `t.${quoteIdentifier(entry.tenant)}::text`;
  const isOwned = owned === undefined ? 'false' : `coalesce(${owned}, false)`;
  const isNamed = named.length === 0 ? 'false' : `coalesce(${named.join(' or ')}, false)`;
  const ofTenant =
    wanted === undefined || entry.tenant === undefined ? '' : ` where ${tenant} = ${add(wanted)}`;
  const { rows } = await db.query<{ tenant: string | null; owned: boolean; rows: number; objects: number }>(
    `select tenant, owned, count(*)::float8 as rows, coalesce(sum(objects), 0)::float8 as objects from (
       select ${tenant} as tenant, ${isOwned} as owned, ${isNamed} as named, ${objectsSql(table)} as objects
       from ${tableName(table.name)} t${ofTenant}
     ) found where owned or named group by tenant, owned order by tenant, owned desc`,
    values,
  );
  const categories = categoriesOf(table);
  const own = entry.ownership === 'shared' ? 'shared' : 'own';
  return rows.map((row) => ({
    table: table.name,
    tenant: row.tenant,
    class: row.owned ? own : 'mention',
    categories: [...categories],
    rows: row.rows,
    objects: row.owned ? row.objects : 0,
  }));
}

/** A row of others that refers to the person by a key: an entry of a log, an approval. */
function byReference(
  table: ModelTable,
  { graph, roots, add }: Pick<Resolving, 'graph'> & Pick<Resolved, 'roots'> & Pick<Parameters, 'add'>,
): readonly string[] {
  return table.references.flatMap((reference) => {
    const person = graph.roots.find(({ name }) => name === reference.toTable);
    const own = roots.filter((row) => row.table === reference.toTable);
    if (person === undefined || own.length === 0 || person.name === table.name) return [];
    return [refersTo(reference, 't', 'p', isOneOf(person, 'p', own, { add }))];
  });
}

/** SQL: how many objects a row names. */
function objectsSql({ fields }: ModelTable): string {
  const parts = fields.flatMap(([name, { type, object }]) => {
    if (object === undefined) return [];
    return [type === undefined ? '1' : `case when t.${quoteIdentifier(name)} is null then 0 else 1 end`];
  });
  return parts.length === 0 ? '0' : parts.join(' + ');
}

function categoriesOf({ fields }: ModelTable): ReadonlySet<string> {
  return new Set(
    fields.flatMap(([, field]) =>
      [field, ...Object.values(field.paths ?? {})].flatMap(({ category }) =>
        category?.startsWith('user') === true ? [category] : [],
      ),
    ),
  );
}
