import type { SetStore } from './context.ts';
import { fileName, isSetId } from './format/layout.ts';
import type { ListedSet } from './results.ts';

/**
 * The sets of a profile, oldest first, as the store lists them: nothing is opened, and nothing is believed beyond
 * "there is a manifest".
 */
export async function listSets(sets: SetStore): Promise<readonly ListedSet[]> {
  const found = new Map<string, { files: number; bytes: number; isComplete: boolean }>();
  for await (const { key, size } of sets.store.list(sets.prefix)) {
    const path = key.slice(sets.prefix.length);
    const setId = path.slice(0, path.indexOf('/'));
    if (!isSetId(setId)) continue;
    const set = found.get(setId) ?? { files: 0, bytes: 0, isComplete: false };
    found.set(setId, {
      files: set.files + 1,
      bytes: set.bytes + size,
      isComplete: set.isComplete || path === `${setId}/${fileName.manifest}`,
    });
  }
  return [...found]
    .map(([setId, set]) => ({ setId, startedAt: startOf(setId), ...set }))
    .toSorted((a, b) => (a.setId < b.setId ? -1 : 1));
}

/** `20260301T020000Z-…` → `2026-03-01T02:00:00Z`. */
function startOf(setId: string): string {
  return setId.replace(/^(\d{4})(\d\d)(\d\dT\d\d)(\d\d)(\d\dZ).*$/, '$1-$2-$3:$4:$5');
}
