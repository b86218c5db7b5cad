import type { Treatment } from '../erase/closure/treatment.ts';

/**
 * Tables in the order in which they are corrected: rows that refer to a name by convention before the row that has it,
 * since they belong to its person by nothing else, and would be nobody's once that one has changed.
 */
export function correctionOrder(
  treatments: ReadonlyMap<string, Treatment>,
  tables: readonly string[],
): readonly string[] {
  const ranks = new Map<string, number>();
  const rankOf = (name: string, way: readonly string[]): number => {
    const known = ranks.get(name);
    if (known !== undefined) return known;
    // A ring has no order.
    if (way.includes(name)) return 0;
    const to = (treatments.get(name)?.table.references ?? [])
      .filter(({ entry, toTable }) => entry.kind === 'soft' && toTable !== name)
      .map(({ toTable }) => rankOf(toTable, [...way, name]) + 1);
    const rank = Math.max(0, ...to);
    ranks.set(name, rank);
    return rank;
  };
  return tables.toSorted((one, other) => rankOf(other, []) - rankOf(one, []));
}
