import { type ModelTable, tableName } from '../../platform/map/index.ts';
import { referredSql, referringSql } from '../graph/join-sql.ts';
import type { PersonGraph } from '../graph/person-graph.ts';
import { isWeak } from '../identity/identities.ts';
import { type KnownValues, matchSql, type Parameters } from '../identity/spots.ts';

/**
 * SQL over the row `alias`, one for each way: whether a row that belongs to it, as an address belongs to the entry of an
 * address book, has a name by which the map says that this row is about the person; or another that belongs to the same.
 */
export function aboutByParts(
  { model, spots }: PersonGraph,
  table: ModelTable,
  alias: string,
  known: KnownValues,
  options: { readonly add: Parameters['add']; readonly isUtf8: boolean },
): readonly string[] {
  return [...model.tables.values()].flatMap((part) =>
    part.references.flatMap((reference) => {
      if (reference.toTable !== table.name && part !== table) return [];
      const named = (spots.get(part.name) ?? [])
        .filter(({ aboutBy, identity }) => aboutBy === reference.name && !isWeak(identity))
        .flatMap((spot) => matchSql(spot, 'part', known, options) ?? []);
      if (named.length === 0) return [];
      const parts = `select ${referringSql(reference, 'part')} from ${tableName(part.name)} part where ${named.join(' or ')}`;
      const own = part === table ? referringSql(reference, alias) : referredSql(reference, alias);
      return [`(${own}) in (${parts})`];
    }),
  );
}
