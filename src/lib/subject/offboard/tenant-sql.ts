import type { Relation } from '../../platform/catalog/index.ts';
import type { ModelTable } from '../../platform/map/index.ts';
import { quoteIdentifier } from '../../platform/quote.ts';
import { isOfTenant, tenantReferences } from '../erase/closure/tenant-rows.ts';
import { referredBy, refersTo } from '../graph/join-sql.ts';
import type { PersonGraph } from '../graph/person-graph.ts';

export interface TenantTask {
  readonly graph: PersonGraph;
  /** By canonical name. */
  readonly relations: ReadonlyMap<string, Relation>;
  readonly tenant: string;
}

/**
 * SQL over the row `alias`, without parameters: whether it is the tenant's, by the same rules as for its deletion.
 * Undefined where the map does not tell whose tenant a row of the table is.
 */
export function tenantSql(
  task: TenantTask,
  table: ModelTable,
  alias = 't',
  below: readonly string[] = [],
): string | undefined {
  const { graph, relations, tenant } = task;
  const relation = relations.get(table.name);
  if (relation === undefined) return undefined;
  const own = isOfTenant({ table, relation }, tenant, alias);
  const inner = `o${below.length}`;
  const next = [...below, table.name];
  const ways = tenantReferences(graph, table).flatMap((reference) => {
    const owner = graph.model.tables.get(reference.toTable);
    if (owner === undefined || next.includes(owner.name)) return [];
    const where = tenantSql(task, owner, inner, next);
    return where === undefined ? [] : [refersTo(reference, alias, inner, where)];
  });
  for (const { table: holder, reference } of graph.holders.get(table.name) ?? []) {
    if (next.includes(holder.name)) continue;
    const where = tenantSql(task, holder, inner, next);
    if (where !== undefined) ways.push(referredBy(reference, alias, inner, where));
  }
  const led = ways.length === 0 ? undefined : `(${ways.join(' or ')})`;
  if (own === undefined || led === undefined) return own ?? led;
  return `(${own} or (${alias}.${quoteIdentifier(table.entry.tenant ?? '')} is null and ${led}))`;
}
