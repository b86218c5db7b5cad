import { refused } from '../../base/error.ts';
import type { PersonGraph } from '../graph/person-graph.ts';
import type { RootRow } from './known-rows.ts';
import type { Resolved, Resolving } from './resolve.ts';

/**
 * The rows that are a person each, or would be. Aliases that belong to nobody have their name alone to tell whose they
 * are: within a tenant, those of one table that a name leads to are of one.
 */
export function separatePersons({ roots }: PersonGraph, rows: readonly RootRow[]): readonly RootRow[] {
  const isAlias = ({ table }: RootRow): boolean => roots.every(({ name }) => name !== table);
  const first = (row: RootRow) =>
    rows.find(({ table, tenant }) => table === row.table && tenant === row.tenant);
  return rows.filter((row) => !isAlias(row) || first(row) === row);
}

/**
 * Makes sure that names are not those of several persons: one table has one row for a person, within one tenant.
 * @param isSaid whether somebody said that they are one person's, whatever the tables have
 * @throws {PosternError} exit 6, `person-ambiguous`
 */
export function requireOnePerson({ graph }: Resolving, { roots }: Resolved, isSaid = false): void {
  if (isSaid) return;
  const places = separatePersons(graph, roots).map(({ table, tenant }) => JSON.stringify([table, tenant]));
  if (new Set(places).size === places.length) return;
  throw refused('the names lead to several persons', {
    code: 'person-ambiguous',
    hints: [
      '`postern subject find` shows them by their keys; name one of them',
      'where several share a name, as that of an office, say so by --shared NAME; where all of the rows are one person, by --one-person',
    ],
  });
}
