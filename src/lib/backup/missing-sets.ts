import type { KnownCopy } from './known-copy.ts';

/**
 * Sets that the register knows as complete at a destination and that the store does not list as complete, oldest
 * first. Ask the register before the store: a set that is finished meanwhile is then not missed.
 */
export function missingSets(
  known: ReadonlyMap<string, KnownCopy>,
  complete: readonly string[],
): readonly KnownCopy[] {
  const listed = new Set(complete);
  return [...known.values()].filter(({ state, setId }) => state === 'complete' && !listed.has(setId));
}
