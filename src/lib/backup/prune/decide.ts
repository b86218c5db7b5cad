import type { Folder, Inventory, SetFolder } from './inventory.ts';
import type { PassedChecks, RegisteredCopy } from './register.ts';
import { type DatedSet, type KeepRules, keptByRules } from './rules.ts';

/** What is to become of one folder. */
export interface Decision extends Folder {
  /** `set`: complete; `parts`: what a run left that never ended, or an earlier prune. */
  readonly what: 'set' | 'parts' | 'keyring';
  readonly action: 'keep' | 'remove';
  /** Why it is kept, or why it goes. */
  readonly reasons: readonly string[];
}

/** Why the newest set is kept, whatever the rules say. */
export const newestReason = 'the newest complete set';

/** Why a keyring goes earlier than its age would have it. */
export const goesWithSet = 'its set goes';

/** Everything that the decisions follow from. */
export interface Facts {
  readonly now: Date;
  readonly inventory: Inventory;
  readonly register: ReadonlyMap<string, RegisteredCopy>;
  readonly checks: PassedChecks;
  /** A backup holds the profile's lock. */
  readonly run: 'alive' | 'none';
  readonly keep: KeepRules;
  /** Milliseconds: parts that are younger may belong to a run that this host knows nothing of. */
  readonly grace: number;
  /** Milliseconds after which a keyring without a lock goes. */
  readonly keyringAge: number;
  /** As `setsNeededBy`: what these need of all of those. */
  neededBy(staying: readonly string[], all: readonly string[]): Promise<ReadonlyMap<string, string>>;
}

/** Decides about what runs left, every set, and every keyring, oldest first; locks are not asked for yet. */
export async function decide(facts: Facts): Promise<readonly Decision[]> {
  const { sets, keyrings, rewraps } = facts.inventory;
  const complete = sets.filter(({ isComplete }) => isComplete);
  const isWhole = new Set(complete.map(({ setId }) => setId));
  const folders = merged([...sets, ...rewraps]);
  const kept = await keptSets(facts, complete);
  const decidedSets = folders
    .filter(({ setId }) => isWhole.has(setId))
    .map((folder): Decision => {
      const reasons = kept.get(folder.setId);
      return reasons === undefined
        ? { ...folder, what: 'set', action: 'remove', reasons: ['no rule keeps it'] }
        : { ...folder, what: 'set', action: 'keep', reasons };
    });
  const decidedParts = folders
    .filter(({ setId }) => !isWhole.has(setId))
    .map((folder) => decideParts(facts, folder));
  const decided = new Map([...decidedSets, ...decidedParts].map((decision) => [decision.setId, decision]));
  const newest = [...newestOf(facts, complete)];
  return [
    ...decidedParts,
    ...decidedSets,
    // Behind the sets: one that stays after all keeps its keys.
    ...keyrings.map((keyring) => decideKeyring(facts, keyring, decided.get(keyring.setId), newest)),
  ];
}

async function keptSets(
  facts: Facts,
  complete: readonly SetFolder[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const kept = new Map<string, string[]>();
  const keep = (setId: string | undefined, reason: string): void => {
    if (setId !== undefined) kept.set(setId, [...(kept.get(setId) ?? []), reason]);
  };
  for (const group of groups(facts, complete)) {
    for (const [setId, reasons] of keptByRules(group, facts.keep))
      for (const reason of reasons) keep(setId, reason);
  }
  for (const setId of newestOf(facts, complete)) keep(setId, newestReason);
  const isThere = new Set(complete.map(({ setId }) => setId));
  const last = (checks: PassedChecks['verified']) => checks.find(({ setId }) => isThere.has(setId))?.setId;
  keep(last(facts.checks.verified), 'the newest that was verified');
  keep(last(facts.checks.drilled), 'the last that a drill restored');
  const running = facts.run === 'alive' ? openRuns(facts)[0] : undefined;
  for (const { setId, startedAt } of complete) {
    if (running !== undefined && setId > running) keep(setId, 'newer than a run that has not ended');
    if (!isKnown(facts, setId) && facts.now.getTime() - startedAt.getTime() < facts.grace)
      keep(setId, 'not in the register, and too young to tell whose it is');
  }
  await keepNeeded(facts, kept, keep, [...isThere]);
  return kept;
}

/** What a kept set needs may need others in turn. */
async function keepNeeded(
  facts: Facts,
  kept: ReadonlyMap<string, unknown>,
  keep: (setId: string, reason: string) => void,
  all: readonly string[],
): Promise<void> {
  for (let before = -1; before < kept.size; ) {
    before = kept.size;
    for (const [setId, by] of await facts.neededBy([...kept.keys()], all)) {
      if (!kept.has(setId)) keep(setId, `needed by ${by}`);
    }
  }
}

/**
 * Sets of the register and others, which the rules count apart: whoever can write into the store could otherwise push
 * good sets out of their places by folders with younger names.
 */
function groups(facts: Facts, complete: readonly SetFolder[]): readonly (readonly DatedSet[])[] {
  return [
    complete.filter(({ setId }) => isKnown(facts, setId)),
    complete.filter(({ setId }) => !isKnown(facts, setId)),
  ];
}

function newestOf(facts: Facts, complete: readonly SetFolder[]): ReadonlySet<string> {
  return new Set(groups(facts, complete).flatMap((group) => group.at(-1)?.setId ?? []));
}

function isKnown({ register }: Facts, setId: string): boolean {
  return (register.get(setId)?.manifestSha256 ?? null) !== null;
}

/** Runs that the register holds for unfinished, oldest first. */
export function openRuns({ register }: Pick<Facts, 'register'>): readonly string[] {
  return [...register.values()]
    .filter(({ runState }) => runState === 'running')
    .map(({ setId }) => setId)
    .toSorted();
}

function decideParts(facts: Facts, folder: Folder): Decision {
  const keep = (reason: string): Decision => ({
    ...folder,
    what: 'parts',
    action: 'keep',
    reasons: [reason],
  });
  const copy = facts.register.get(folder.setId);
  if (copy?.copyState === 'complete')
    return keep('the register has it as complete, but its manifest is gone');
  const remove = (reason: string): Decision => ({
    ...folder,
    what: 'parts',
    action: 'remove',
    reasons: [reason],
  });
  if (copy?.copyState === 'pruned') return remove('left by an earlier prune');
  if (copy?.runState === 'running' && facts.run === 'alive') return keep('a run has not ended');
  if (facts.now.getTime() - folder.startedAt.getTime() < facts.grace) return keep('younger than the grace');
  return remove('left by a run that made no set');
}

function decideKeyring(
  facts: Facts,
  keyring: Folder,
  set: Decision | undefined,
  newest: readonly string[],
): Decision {
  const decision = (action: Decision['action'], reason: string): Decision => ({
    ...keyring,
    what: 'keyring',
    action,
    reasons: [reason],
  });
  const age = facts.now.getTime() - keyring.startedAt.getTime();
  if (newest.includes(keyring.setId)) return decision('keep', "the newest complete set's");
  if (set === undefined && age < facts.grace) return decision('keep', 'younger than the grace');
  if (set === undefined) return decision('remove', 'its set is gone');
  if (set.what === 'parts' && set.action === 'keep') return decision('keep', set.reasons.join('; '));
  if (age >= facts.keyringAge) return decision('remove', 'older than keyrings get');
  return set.action === 'remove'
    ? decision('remove', goesWithSet)
    : decision('keep', 'younger than keyrings get');
}

/** The folders of each set taken together, oldest first. */
function merged(folders: readonly Folder[]): readonly Folder[] {
  const bySet = new Map<string, Folder>();
  for (const { setId, startedAt, versions, bytes } of folders) {
    const known = bySet.get(setId) ?? { versions: 0, bytes: 0 };
    bySet.set(setId, { setId, startedAt, versions: known.versions + versions, bytes: known.bytes + bytes });
  }
  return [...bySet.values()].toSorted((a, b) => (a.setId < b.setId ? -1 : 1));
}
