import { z } from 'zod';
import { formatByteSize } from '../../base/byte-size.ts';
import { usageError } from '../../base/error.ts';
import type { JsonValue } from '../../crypto/canonical-json.ts';
import { createPlan, type Plan } from '../../operation/plan.ts';
import { precondition } from '../../operation/staleness.ts';
import { isJobLocked } from '../../state/job-lock.ts';
import type { PruneContext, PrunedDestination } from './context.ts';
import { decide, openRuns } from './decide.ts';
import { askForLocks, type PruneEntry, pruneEntry } from './entries.ts';
import { type Inventory, takeInventory } from './inventory.ts';
import { setsNeededBy } from './needed-by.ts';
import { passedChecks, registeredCopies } from './register.ts';
import { type KeepRules, keepsAnything } from './rules.ts';
import { pruneTarget } from './target.ts';

const count = z.number().int().nonnegative();

const keepRules = z.strictObject({
  last: count,
  daily: count,
  weekly: count,
  monthly: count,
  yearly: count,
});

export const pruneInputs = z.strictObject({
  destination: z.string(),
  location: z.string(),
  keep: keepRules,
  /** Milliseconds. */
  grace: count,
  /** The youngest set or part that was looked at: whatever comes later changes nothing here. */
  upTo: z.string(),
  /** Every set and everything that runs left; keyrings only where they go. */
  entries: z.array(pruneEntry),
  oldProbes: z.strictObject({ versions: count, bytes: count }),
});

export interface PruneOptions {
  readonly keep: KeepRules;
  /** Milliseconds. */
  readonly grace: number;
}

/** What pruning would do; `plan` is missing where there is nothing to remove. */
export interface PlannedPrune {
  readonly entries: readonly PruneEntry[];
  readonly plan: Plan | undefined;
}

/**
 * Plans what may be deleted at one destination. Nothing is changed, and locks are asked for of everything that would go.
 * @throws {PosternError} exit 2 `prune-without-rules`: no rule keeps anything, which is taken for a slip
 */
export async function planPrune(
  context: PruneContext,
  name: string,
  { keep, grace }: PruneOptions,
): Promise<PlannedPrune> {
  if (!keepsAnything(keep)) {
    throw usageError('no rule says which sets are kept', {
      code: 'prune-without-rules',
      hints: [
        'give --keep-last, --keep-daily, --keep-weekly, --keep-monthly or --keep-yearly, or set backup.prune',
      ],
    });
  }
  const destination = await context.destination(name);
  const now = context.clock.now();
  const inventory = await takeInventory(destination, now);
  warnOfOddities(context, inventory);
  const state = await context.state();
  const register = await registeredCopies(state, context.profile, name);
  const isRunPossible = openRuns({ register }).length > 0;
  const decisions = await decide({
    now,
    inventory,
    register,
    checks: await passedChecks(state, context.profile, name),
    run: isRunPossible && (await isJobLocked(state, `backup ${context.profile}`)) ? 'alive' : 'none',
    keep,
    grace,
    keyringAge: destination.keyringAge,
    neededBy: (staying, all) => setsNeededBy(state, context.profile, staying, all),
  });
  const entries = await askForLocks(context, destination, decisions, register);
  const removed = entries.filter(({ action }) => action === 'remove');
  if (removed.length === 0 && inventory.oldProbes.versions === 0) return { entries, plan: undefined };
  const plan = createPlan(context, {
    kind: 'backup.prune',
    target: await pruneTarget(context, destination),
    inputs: {
      destination: name,
      location: locationOf(destination),
      keep: { ...keep },
      grace,
      upTo: inventory.sets.at(-1)?.setId ?? '',
      entries: entries.filter(({ what, action }) => what !== 'keyring' || action !== 'keep'),
      oldProbes: { ...inventory.oldProbes },
    },
    steps: steps(removed, inventory),
    preconditions: [setsPrecondition(inventory, inventory.sets.at(-1)?.setId ?? '')],
    effects: effects(removed, inventory),
  });
  return { entries, plan };
}

/** The sets that were there when the plan was made; a later one makes no plan stale, since it only adds to what is kept. */
export function setsPrecondition({ sets }: Inventory, upTo: string): ReturnType<typeof precondition> {
  const seen = sets.filter(({ setId }) => setId <= upTo);
  return precondition(
    'sets at the destination',
    seen.map(({ setId, isComplete }): JsonValue => [setId, isComplete]),
  );
}

function warnOfOddities({ progress }: PruneContext, { sets, foreign }: Inventory): void {
  for (const { setId } of sets.filter(({ isHidden, isComplete }) => isHidden && isComplete))
    progress.warn(
      `somebody has put a delete marker over the manifest of ${setId}: the set is still there underneath`,
    );
  if (foreign > 0)
    progress.detail(`${foreign} object versions there are none of postern's; they are left alone`);
}

function steps(removed: readonly PruneEntry[], { oldProbes }: Inventory) {
  const probes =
    oldProbes.versions === 0
      ? []
      : [
          {
            kind: 'remove-probes',
            summary: `remove ${oldProbes.versions} probes of earlier days`,
            inputs: {},
          },
        ];
  const of = (what: PruneEntry['what']) => removed.filter((entry) => entry.what === what);
  // The newest set first: what it needed of older ones is no longer needed then.
  return [
    ...[...of('parts'), ...of('set').toReversed(), ...of('keyring')].map(
      ({ what, setId, versions, bytes, reasons }) => ({
        kind: `remove-${what}`,
        summary: `remove ${title[what]} ${setId}: ${versions} object versions, ${formatByteSize(bytes)}; ${reasons.join('; ')}`,
        inputs: { setId },
      }),
    ),
    ...probes,
  ];
}

const title: Readonly<Record<PruneEntry['what'], string>> = {
  set: 'the set',
  parts: 'the parts',
  keyring: 'the keyring of',
};

function effects(removed: readonly PruneEntry[], { oldProbes }: Inventory): Readonly<Record<string, number>> {
  const number = (what: PruneEntry['what']): number => removed.filter((entry) => entry.what === what).length;
  const all = [...removed, oldProbes];
  return {
    'sets removed': number('set'),
    'runs cleaned up': number('parts'),
    'keyrings removed': number('keyring'),
    'object versions deleted': all.reduce((sum, { versions }) => sum + versions, 0),
    'bytes freed': all.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

function locationOf({ store, prefix }: PrunedDestination): string {
  return `${store.location}/${prefix}`;
}
