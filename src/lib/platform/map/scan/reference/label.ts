import type { MapReference } from '../../map-schema.ts';
import { parseName } from '../../name.ts';
import type { DraftReference } from '../draft/draft.ts';
import { wordsOf } from '../draft/name-hint.ts';

const label = /^[a-z][a-z0-9_-]*$/;

/** What `owner` and `encrypted.by` call a reference. */
export const labelOf = ({ as, column }: MapReference): string =>
  as ?? ([column].flat()[0] ?? '').replace(/_(id|ref)$/, '');

/** Gives every reference a name of its own that the map allows, and says so only where its column does not. */
export function labelled(references: readonly DraftReference[]): readonly DraftReference[] {
  const taken = new Set<string>();
  return references.map(({ entry, note }) => {
    const own = labelOf(entry);
    const columns = [entry.column].flat();
    if (columns.length === 1 && label.test(own) && !taken.has(own)) {
      taken.add(own);
      return { entry, note };
    }
    // The first column of several is often the tenant, to which many references would be called alike.
    const named = columns.length === 1 ? columns[0] : parseName([entry.to].flat()[0] ?? '')?.[1];
    const words = wordsOf(named ?? '').filter((word) => /^[a-z0-9]+$/.test(word));
    const base =
      words
        .join('_')
        .replace(/_(id|ref)$/, '')
        .replace(/^[^a-z]+/, '') || 'reference';
    const as = firstFree(base, taken);
    taken.add(as);
    return { entry: { as, ...entry }, note };
  });
}

function firstFree(base: string, taken: ReadonlySet<string>): string {
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? base : `${base}_${number}`;
    if (!taken.has(name)) return name;
  }
}
