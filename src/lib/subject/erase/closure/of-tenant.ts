import type { ModelTable } from '../../../platform/map/index.ts';
import { quoteIdentifier, quoteLiteral } from '../../../platform/quote.ts';
import { referredBy, refersTo } from '../../graph/join-sql.ts';
import type { PersonGraph } from '../../graph/person-graph.ts';
import type { FreezeTask } from './freeze.ts';
import { tenantReferences } from './tenant-rows.ts';

/**
 * SQL over `t` that needs no parameters, as COPY takes none: whether a row is of the tenant, by a column of its own or by
 * what it belongs to. Rows of a table that leads to no tenant are of each.
 */
export function ofTenant({ graph, tenant }: FreezeTask, table: ModelTable): string {
  const told = tenant === undefined ? undefined : tenantSql(graph, table, tenant, 't', []);
  return told === undefined ? 'true' : `coalesce(${told}, false)`;
}

function tenantSql(
  graph: PersonGraph,
  table: ModelTable,
  tenant: string,
  alias: string,
  below: readonly string[],
): string | undefined {
  const { tenant: column } = table.entry;
  if (column !== undefined) return `${alias}.${quoteIdentifier(column)}::text = ${quoteLiteral(tenant)}`;
  const inner = `n${below.length}`;
  const seen = [...below, table.name];
  const whereOf = (name: string): string | undefined => {
    const next = graph.model.tables.get(name);
    return next === undefined || seen.includes(name)
      ? undefined
      : tenantSql(graph, next, tenant, inner, seen);
  };
  const up = tenantReferences(graph, table).flatMap((reference) => {
    const where = whereOf(reference.toTable);
    return where === undefined ? [] : refersTo(reference, alias, inner, where);
  });
  const down = (graph.holders.get(table.name) ?? []).flatMap(({ table: holder, reference }) => {
    const where = whereOf(holder.name);
    return where === undefined ? [] : referredBy(reference, alias, inner, where);
  });
  const parts = [...up, ...down];
  return parts.length === 0 ? undefined : `(${parts.join(' or ')})`;
}
