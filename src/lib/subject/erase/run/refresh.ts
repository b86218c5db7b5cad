import { type Client, sqlState } from '../../../base/postgres.ts';
import type { JsonObject } from '../../../crypto/canonical-json.ts';
import type { Catalog, Relation } from '../../../platform/catalog/index.ts';
import { formatName } from '../../../platform/map/index.ts';
import { qualifiedName } from '../../../platform/quote.ts';
import type { Transactions } from './batches.ts';
import type { ErasureRun } from './run.ts';

/**
 * Makes materialised views and the planner's statistics anew, which hold values of rows that are gone. What the login
 * may not refresh is told, and the residue scan finds what it holds.
 * @param tables those from which rows went or in which rows changed
 */
export async function refreshCopies(
  { transactions, catalog }: Pick<ErasureRun, 'transactions' | 'catalog'>,
  tables: readonly string[],
): Promise<JsonObject> {
  const { db } = transactions;
  const views = viewsOver(catalog, new Set(tables));
  const not: string[] = [];
  for (const view of views) {
    try {
      await refresh(transactions, view);
    } catch (error) {
      if (sqlState(error) !== '42501') throw error;
      not.push(formatName(view.schema, view.name));
    }
  }
  const relations = new Map(catalog.relations.map((one) => [formatName(one.schema, one.name), one]));
  for (const name of tables) {
    const relation = relations.get(name);
    if (relation !== undefined && catalog.server.versionNumber >= 180_000)
      await forgetStatistics(db, relation);
    // Of a table that the login may not analyse, PostgreSQL only warns.
    if (relation !== undefined) await db.query(`analyze ${qualifiedName(relation.schema, relation.name)}`);
  }
  for (const view of views) await db.query(`analyze ${qualifiedName(view.schema, view.name)}`);
  return { views: views.length - not.length, ...(not.length === 0 ? {} : { notRefreshed: not }) };
}

/**
 * Of a table that is empty, ANALYZE leaves the statistics as they were. Only PostgreSQL 18 and later can forget them; on
 * others the residue scan tells.
 */
async function forgetStatistics(db: Client, { schema, name, columns }: Relation): Promise<void> {
  await db.query(
    `select pg_catalog.pg_clear_attribute_stats($1, $2, a.name, i.inherited)
     from pg_catalog.unnest($3::text[]) a(name), (values (false), (true)) i(inherited)
     where pg_catalog.has_table_privilege($4, 'MAINTAIN')`,
    [schema, name, columns.map((column) => column.name), qualifiedName(schema, name)],
  );
}

/** @throws {Error} SQLSTATE 42501 where the login may not */
async function refresh(transactions: Transactions, view: Relation): Promise<void> {
  const { areShort, db } = transactions;
  const { schema, name, indexes } = view;
  const sql = (how: string) => `refresh materialized view ${how}${qualifiedName(schema, name)}`;
  // Readers need not wait where rows can be told apart; in a transaction of the caller's there are none.
  const canBeRead =
    areShort &&
    indexes.some(
      ({ unique, predicate, expression, valid }) => unique && predicate === null && !expression && valid,
    );
  if (canBeRead) {
    try {
      await transactions.in(() => db.query(sql('concurrently ')));
      return;
    } catch (error) {
      // That needs temporary tables, which the owner of the view may not have here.
      if (sqlState(error) !== '42501') throw error;
    }
  }
  await transactions.in(() => db.query(sql('')));
}

/** Materialised views that read one of these tables, also through other views; what is read before what reads it. */
function viewsOver(
  { relations, viewDependencies }: Catalog,
  tables: ReadonlySet<string>,
): readonly Relation[] {
  const byOid = new Map(relations.map((relation) => [relation.oid, relation]));
  const reads = Map.groupBy(viewDependencies, ({ view }) => view);
  const found: Relation[] = [];
  const known = new Map<number, boolean>();
  const isOver = (oid: number): boolean => {
    const before = known.get(oid);
    if (before !== undefined) return before;
    known.set(oid, false);
    const relation = byOid.get(oid);
    const below = (reads.get(oid) ?? []).map(({ relation: inner }) => isOver(inner));
    const isIt =
      below.includes(true) ||
      (relation !== undefined && tables.has(formatName(relation.schema, relation.name)));
    known.set(oid, isIt);
    if (isIt && relation?.kind === 'materialised-view' && relation.populated) found.push(relation);
    return isIt;
  };
  for (const { oid } of relations) isOver(oid);
  return found;
}
