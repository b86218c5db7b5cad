import { formatName, parseColumnName } from '../../name.ts';
import type { DraftReference, DraftTable } from '../draft/draft.ts';
import { labelOf } from './label.ts';

/**
 * References may form a ring, and the way to a row's owner may not. Takes out of the owners the references that close
 * one: soft ones first, then those whose columns may be NULL, as a row is not theirs that can be without them.
 */
export function withoutRings(tables: readonly DraftTable[]): readonly DraftTable[] {
  const edges = tables.flatMap((table) =>
    table.references
      .filter((reference) => targetOf(reference) !== table.name)
      .map((reference) => ({ table, reference, to: targetOf(reference) })),
  );
  const kept = new Map<string, Set<string>>();
  const excluded = new Map<DraftTable, Set<DraftReference>>();
  for (const { table, reference, to } of edges.toSorted((one, other) => strength(other) - strength(one))) {
    if (reaches(kept, to, table.name)) {
      excluded.set(table, (excluded.get(table) ?? new Set()).add(reference));
    } else {
      kept.set(table.name, (kept.get(table.name) ?? new Set()).add(to));
    }
  }
  return tables.map((table) => {
    const out = excluded.get(table);
    return out === undefined ? table : withOwner(table, out);
  });
}

const targetOf = ({ entry }: DraftReference): string =>
  parseColumnName([entry.to].flat()[0] ?? '')?.table ?? '';

function strength({
  table,
  reference: { entry },
}: {
  readonly table: DraftTable;
  readonly reference: DraftReference;
}): number {
  if (entry.kind === 'soft') return 0;
  const columns = [entry.column].flat();
  const isRequired = columns.every(
    (name) => table.relation.columns.find((column) => column.name === name)?.notNull === true,
  );
  if (!isRequired) return 1;
  // What goes with its target belongs to it.
  return entry.on_delete === 'cascade' ? 3 : 2;
}

function reaches(kept: ReadonlyMap<string, ReadonlySet<string>>, from: string, to: string): boolean {
  const seen = new Set<string>();
  const queue = [from];
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    if (name === to) return true;
    if (seen.has(name)) continue;
    seen.add(name);
    queue.push(...(kept.get(name) ?? []));
  }
  return false;
}

function withOwner(table: DraftTable, out: ReadonlySet<DraftReference>): DraftTable {
  const left = table.references.filter((reference) => !out.has(reference));
  const note = {
    reason: `otherwise the way to the owner goes round, over ${[...out].map(targetOf).join(', ')}`,
    confidence: 'low',
  } as const;
  if (left.length > 0) return { ...table, owner: { names: left.map(({ entry }) => labelOf(entry)), note } };
  // Its own subject: a reference to itself ends the way.
  const [column = ''] = table.primaryKey?.columns ?? table.relation.columns.map(({ name }) => name);
  const self: DraftReference = {
    entry: { as: freeLabel(table), column, to: `${table.name}.${formatName(column)}`, kind: 'soft' },
    note: { reason: 'a row stands for itself, so that the way to the owner ends here', confidence: 'low' },
  };
  return {
    ...table,
    references: [...table.references, self],
    owner: { names: [self.entry.as ?? ''], note },
  };
}

const freeLabel = ({ references }: DraftTable): string =>
  references.some(({ entry }) => labelOf(entry) === 'self') ? 'self_row' : 'self';
