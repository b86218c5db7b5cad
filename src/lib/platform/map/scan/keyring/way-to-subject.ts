import { parseColumnName } from '../../name.ts';
import type { DraftTable } from '../draft/draft.ts';
import { labelOf } from '../reference/label.ts';

/** More steps than this lead to somebody else. */
const longest = 4;

/**
 * The names of the references from a table to another, joined by dots, where there is one shortest way and no other
 * of that length.
 */
export function shortestWay(tables: readonly DraftTable[], from: string, to: string): string | undefined {
  const byName = new Map(tables.map((table) => [table.name, table]));
  let ways: readonly { readonly table: string; readonly names: readonly string[] }[] = [
    { table: from, names: [] },
  ];
  for (let length = 0; length < longest; length += 1) {
    ways = ways.flatMap(({ table, names }) =>
      (byName.get(table)?.references ?? []).map(({ entry }) => ({
        table: parseColumnName([entry.to].flat()[0] ?? '')?.table ?? '',
        names: [...names, labelOf(entry)],
      })),
    );
    const there = ways.filter(({ table }) => table === to);
    if (there.length > 0) return there.length === 1 ? there[0]?.names.join('.') : undefined;
    if (ways.length > 1000) return undefined;
  }
  return undefined;
}
