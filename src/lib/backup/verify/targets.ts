import type { Queryable } from '../../base/postgres.ts';
import type { Progress } from '../../base/progress.ts';
import { bestEffort } from '../best-effort.ts';
import type { SetStore } from '../context.ts';
import { knownCopies } from '../known-copy.ts';
import { listSets } from '../list.ts';
import { missingSets } from '../missing-sets.ts';
import { chooseSet } from '../read-set.ts';

/** A set by its name, the newest complete one, or all complete ones. */
export type WhichSets = { readonly setId: string } | 'newest' | 'all';

export interface SetToVerify {
  readonly sets: SetStore;
  readonly setId: string;
  /** A set that the register knows as complete and newer, and that the store does not list. */
  readonly newerKnown: string | undefined;
}

/**
 * The sets of a destination that are to be verified, newest first; among all, and when nothing else is left, also
 * those that only the register knows.
 * @throws {PosternError} exit 2 `set-missing`; exit 4 `set-missing` when there is none at all
 */
export async function targetsAt(
  sets: SetStore,
  which: WhichSets,
  { state, progress }: { readonly state?: Queryable | undefined; readonly progress: Progress },
): Promise<readonly SetToVerify[]> {
  if (typeof which === 'object')
    return [{ sets, setId: await chooseSet(sets, which.setId, []), newerKnown: undefined }];
  const known =
    state && (await bestEffort(progress, 'sets that are gone do not show', () => knownCopies(state, sets)));
  const found = await listSets(sets);
  const complete = found.filter(({ isComplete }) => isComplete).map(({ setId }) => setId);
  const missing = missingSets(known ?? new Map(), complete).map(({ setId }) => setId);
  const all = [...complete, ...missing].toSorted().toReversed();
  const newest = complete.at(-1) ?? missing.at(-1);
  const chosen = which === 'all' ? all : newest === undefined ? [] : [newest];
  if (chosen.length === 0) await chooseSet(sets, undefined, found);
  const [newestMissing] = missing.toReversed();
  return chosen.map((setId) => ({
    sets,
    setId,
    newerKnown:
      which === 'newest' && newestMissing !== undefined && newestMissing > setId ? newestMissing : undefined,
  }));
}
