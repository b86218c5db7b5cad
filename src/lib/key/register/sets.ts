import { counted } from '../../base/counted.ts';
import type { RetainedSet } from './context.ts';
import type { KeyNeed } from './results.ts';

/**
 * Why a key is needed by the sets that were begun between two times, since they may hold what is under it.
 * @param sets undefined where it is not known which there are
 */
export function neededBySets(
  sets: readonly RetainedSet[] | undefined,
  { from, until }: { readonly from: string | undefined; readonly until: string | undefined },
): readonly KeyNeed[] {
  const needing = (sets ?? []).filter(
    ({ startedAt }) =>
      (from === undefined || startedAt >= from) && (until === undefined || startedAt < until),
  );
  return neededBy(needing, `${counted(needing.length, 'backup set')} may hold what is under it`);
}

/** A need of all these sets, oldest first, told by the newest. Until the last lock ends, it lasts for certain. */
export function neededBy(needing: readonly RetainedSet[], why: string): readonly KeyNeed[] {
  const last = needing.at(-1);
  if (last === undefined) return [];
  const locks = needing.map(({ lockedUntil }) => lockedUntil);
  const until =
    locks
      .filter((lock) => lock !== null)
      .toSorted()
      .at(-1) ?? null;
  return [{ why, setId: last.setId, until }];
}
