import type { ModelTable } from '../../platform/map/index.ts';
import { referredBy, refersTo } from '../graph/join-sql.ts';
import { type PersonGraph, validOwners } from '../graph/person-graph.ts';
import type { Parameters } from '../identity/spots.ts';
import { isOneOf, type RootRow } from './known-rows.ts';

export interface OwnedTask {
  readonly graph: PersonGraph;
  readonly roots: readonly RootRow[];
  readonly add: Parameters['add'];
}

/**
 * SQL: whether a row `alias` belongs to the person, alone or with others: it is one of the roots, or its owner is.
 * Rows of others are never walked through: from a shared row the way only goes on to what belongs to that row. False
 * can be told without asking the database: then it is undefined.
 */
export function ownedSql(task: OwnedTask, table: ModelTable, alias: string): string | undefined {
  return owned(task, table, alias, []);
}

function owned(
  task: OwnedTask,
  table: ModelTable,
  alias: string,
  below: readonly string[],
): string | undefined {
  const { graph, roots, add } = task;
  if (table.entry.ownership === 'third-party') return undefined;
  const own = roots.filter((row) => row.table === table.name);
  const parts = own.length === 0 ? [] : [isOneOf(table, alias, own, { add })];
  for (const reference of validOwners(graph.model, table)) {
    const owner = graph.model.tables.get(reference.toTable);
    // `map lint` refuses rings but those of a table with itself.
    if (owner === undefined || below.includes(owner.name)) continue;
    const inner = `o${below.length}`;
    const where = owned(task, owner, inner, [...below, table.name]);
    if (where !== undefined) parts.push(refersTo(reference, alias, inner, where));
  }
  for (const { table: holder, reference } of graph.holders.get(table.name) ?? []) {
    if (below.includes(holder.name)) continue;
    const inner = `o${below.length}`;
    const where = owned(task, holder, inner, [...below, table.name]);
    if (where !== undefined) parts.push(referredBy(reference, alias, inner, where));
  }
  return parts.length === 0 ? undefined : `(${parts.join(' or ')})`;
}
