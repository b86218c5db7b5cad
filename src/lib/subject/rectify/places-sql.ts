import { quoteIdentifier } from '../../platform/quote.ts';
import type { Treatment } from '../erase/closure/treatment.ts';
import { ownedSql } from '../find/owned-sql.ts';
import { matchSql, type Parameters } from '../identity/spots.ts';
import type { Correction } from './correction.ts';
import { madeColumns } from './made-columns.ts';

/** SQL over the rows `t` of a table. */
export interface PlacesSql {
  /** By column: whether what is wrong stands there. */
  readonly columns: ReadonlyMap<string, string>;
  /** Whether a row belongs to the person, alone or with others. */
  readonly owned: string;
  /** Of the wanted tenant. */
  readonly ofTenant: string;
}

/** @returns undefined where nothing can stand in the table */
export function placesSql(
  { resolving, resolved, change, fields }: Correction,
  treatment: Treatment,
  add: Parameters['add'],
): PlacesSql | undefined {
  const { graph, isUtf8, tenant } = resolving;
  const { table } = treatment;
  const columns = new Map<string, string>();
  if (change.kind === 'field') {
    if (change.table !== table.name) return undefined;
    columns.set(change.column, `t.${quoteIdentifier(change.column)} is distinct from ${add(change.to)}`);
  } else {
    const made = madeColumns(treatment, graph.identities, change.of);
    const written = new Set([...(fields.get(table.name) ?? []), ...made].map(({ column }) => column));
    for (const spot of graph.spots.get(table.name) ?? []) {
      const match = written.has(spot.column) ? matchSql(spot, 't', change.old, { add, isUtf8 }) : undefined;
      if (match === undefined) continue;
      const known = columns.get(spot.column);
      columns.set(spot.column, known === undefined ? match : `${known} or ${match}`);
    }
  }
  if (columns.size === 0) return undefined;
  const owned = ownedSql({ graph, roots: resolved.roots, add }, table, 't');
  const own = table.entry.tenant;
  return {
    columns,
    owned: owned === undefined ? 'false' : `coalesce(${owned}, false)`,
    ofTenant:
      tenant === undefined || own === undefined ? 'true' : `t.${quoteIdentifier(own)}::text = ${add(tenant)}`,
  };
}
