import { inParallel } from '../base/in-parallel.ts';
import type { Queryable } from '../base/postgres.ts';
import type { Progress } from '../base/progress.ts';
import { bestEffort } from './best-effort.ts';
import type { SetStore } from './context.ts';
import { knownCopies, type LastCheck, lastVerifications } from './known-copy.ts';
import { listSets, startOf } from './list.ts';
import type { ListedSet } from './results.ts';
import { setLocks } from './set-locks.ts';

const requestsAtOnce = 8;

/**
 * The sets of a destination, oldest first, with what the state database knows of them, where there is one: those that
 * the store has lost, and what was verified. A lock that it does not know is asked of the store.
 */
export async function listDestination(
  sets: SetStore,
  { state, progress }: { readonly state: Queryable | undefined; readonly progress: Progress },
): Promise<readonly ListedSet[]> {
  const found = await listSets(sets);
  const register =
    state &&
    (await bestEffort(progress, 'neither missing sets nor verifications are shown', async () => ({
      copies: await knownCopies(state, sets),
      checks: await lastVerifications(state, sets),
      full: await lastVerifications(state, sets, 'full'),
    })));
  const checksOf = (setId: string) => ({
    lastVerified: shownCheck(register?.checks.get(setId)),
    lastFull: shownCheck(register?.full.get(setId)),
  });
  const locks = new Map(
    [...(register?.copies ?? [])].map(([setId, { lockUntil }]) => [setId, lockUntil] as const),
  );
  const unknown = found.filter(({ setId, isComplete }) => isComplete && !locks.has(setId));
  await inParallel(unknown, requestsAtOnce, async ({ setId }) => {
    const found = await setLocks(sets.store, sets.prefix, setId);
    locks.set(setId, found?.data?.toISOString() ?? null);
  });
  const complete = new Set(found.filter(({ isComplete }) => isComplete).map(({ setId }) => setId));
  const missing = [...(register?.copies.values() ?? [])].filter(
    ({ setId, state: known }) => known === 'complete' && !complete.has(setId),
  );
  const gone = new Set(missing.map(({ setId }) => setId));
  return [
    ...found
      .filter(({ setId }) => !gone.has(setId))
      .map((set) => ({
        destination: sets.destination,
        ...set,
        state: set.isComplete ? ('complete' as const) : ('incomplete' as const),
        lockedUntil: set.isComplete ? (locks.get(set.setId) ?? null) : null,
        ...checksOf(set.setId),
      })),
    ...missing.map(({ setId, lockUntil }) => ({
      destination: sets.destination,
      setId,
      startedAt: startOf(setId),
      state: 'missing' as const,
      isComplete: false,
      isHidden: false,
      files: 0,
      bytes: 0,
      lockedUntil: lockUntil,
      ...checksOf(setId),
    })),
  ].toSorted((a, b) => (a.setId < b.setId ? -1 : 1));
}

function shownCheck(check: LastCheck | undefined): ListedSet['lastVerified'] {
  if (check === undefined) return null;
  const { level, outcome, at } = check;
  return { level, outcome, at };
}
