import type { StoreLook } from './ask-store.ts';
import type { CheckDepth, CheckFact, CopyFact } from './facts.ts';

/** What counts at a destination once its store was asked: a set that is gone, and a check of one, do not. */
export interface Standing {
  /** Complete and there, oldest first; where the store was not asked, there by the register. */
  readonly complete: readonly CopyFact[];
  /** The newest of them that no verification found damaged. */
  readonly last: CopyFact | undefined;
  /** Complete by the register, and not in the store, oldest first. */
  readonly missing: readonly CopyFact[];
  /** Of the newest set whose contents passed: a later look at an older set does not make that one newer. */
  readonly verified: CheckFact | undefined;
  readonly listed: CheckFact | undefined;
  /** The latest drill that passed. */
  readonly drilled: CheckFact | undefined;
}

/** @param copies oldest first @param checks the latest first */
export function standing(
  copies: readonly CopyFact[],
  checks: readonly CheckFact[],
  look: StoreLook,
): Standing {
  const isThere = (setId: string): boolean => look.state !== 'asked' || look.has.has(setId);
  const known = copies.filter(({ copyState }) => copyState === 'complete');
  const lost = new Set(
    copies
      .filter(({ copyState }) => copyState === 'pruned' || copyState === 'failed')
      .map(({ setId }) => setId),
  );
  const passed = checks.filter(
    ({ setId, outcome }) => outcome === 'passed' && !lost.has(setId) && isThere(setId),
  );
  const verify = (depth: CheckDepth): CheckFact | undefined =>
    passed
      .filter((check) => check.kind === 'verify' && check.depth === depth && !isDamaged(check.setId, checks))
      .toSorted((a, b) => (a.setId > b.setId ? -1 : 1))[0];
  return {
    complete: known.filter(({ setId }) => isThere(setId)),
    last: goodSets(copies, checks).find(({ setId }) => isThere(setId)),
    missing: known.filter(({ setId }) => !isThere(setId)),
    verified: verify('contents'),
    listed: verify('names'),
    drilled: passed.find(({ kind }) => kind === 'drill'),
  };
}

/** Sets of a destination that count as good ones, newest first: complete, and not found damaged since. */
export function goodSets(copies: readonly CopyFact[], checks: readonly CheckFact[]): readonly CopyFact[] {
  return copies
    .filter(({ copyState, setId }) => copyState === 'complete' && !isDamaged(setId, checks))
    .toReversed();
}

/** What the last look at its contents, or at its names where that was later, has found. */
export function isDamaged(setId: string, checks: readonly CheckFact[]): boolean {
  return checks.find((check) => check.setId === setId && check.kind === 'verify')?.outcome === 'failed';
}
