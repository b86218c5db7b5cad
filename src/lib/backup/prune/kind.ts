import type { JsonObject } from '../../crypto/canonical-json.ts';
import { planInputs } from '../../operation/plan.ts';
import type { PlanKind } from '../../operation/plan-kind.ts';
import { withJobLock } from '../../state/job-lock.ts';
import type { PruneContext } from './context.ts';
import { takeInventory } from './inventory.ts';
import { pruneInputs, setsPrecondition } from './plan-prune.ts';
import { type RemovalStep, removeKeyring, removeParts, removeProbes, removeSet } from './remove.ts';
import { pruneTarget } from './target.ts';

export const backupPrune: PlanKind<PruneContext> = {
  kind: 'backup.prune',
  danger: 'severe',
  target: async (context, plan) => {
    const { destination } = planInputs(plan, pruneInputs);
    return pruneTarget(context, await context.destination(destination));
  },
  preconditions: async (context, plan) => {
    const { destination, upTo } = planInputs(plan, pruneInputs);
    const inventory = await takeInventory(await context.destination(destination), context.clock.now());
    return [setsPrecondition(inventory, upTo)];
  },
  applyStep: async (context, plan, index, journal) => {
    const { destination, entries } = planInputs(plan, pruneInputs);
    const planned = plan.body.steps[index];
    if (planned === undefined) throw new Error(`a prune has no step ${index}`);
    const opened = await context.destination(destination);
    // A run that is alive may be about to need what goes.
    return withJobLock(await context.state(), `backup ${context.profile}`, async (state) => {
      const step: RemovalStep = { context, destination: opened, state, journal, entries };
      if (planned.kind === 'remove-probes') return removeProbes(step);
      const entry = entries.find(
        ({ what, setId }) => planned.kind === `remove-${what}` && planned.inputs['setId'] === setId,
      );
      if (entry === undefined) throw new Error(`nothing is planned for step ${index}`);
      return removal[entry.what](step, entry);
    });
  },
  certify: async (_context, plan, results) => {
    const { destination, location, keep, grace, entries } = planInputs(plan, pruneInputs);
    const steps = plan.body.steps.map(({ kind, inputs }, index): JsonObject => {
      const found = entries.find(({ what, setId }) => kind === `remove-${what}` && inputs['setId'] === setId);
      const { what = 'probes', setId = null, manifestSha256 = null } = found ?? {};
      return { what, setId, manifestSha256, ...results[index] };
    });
    const removed = steps.filter(({ outcome }) => outcome === 'removed');
    return {
      subject: removed.flatMap(({ what, setId, manifestSha256 }) =>
        what === 'set' && typeof setId === 'string' && typeof manifestSha256 === 'string'
          ? [{ name: `backup set ${setId}`, digest: { sha256: manifestSha256 } }]
          : [],
      ),
      predicateType: 'urn:postern:predicate:backup-prune:v1',
      predicate: {
        destination,
        location,
        rules: { ...keep, grace },
        removed,
        retained: [
          ...entries
            .filter(({ action }) => action === 'retained')
            .map(({ what, setId, lockedUntil }) => ({ what, setId, lockedUntil })),
          ...steps.filter(({ outcome }) => outcome === 'retained'),
        ],
        kept: [
          ...entries
            .filter(({ what, action }) => what === 'set' && action === 'keep')
            .map(({ setId, manifestSha256, reasons }) => ({ setId, manifestSha256, reasons })),
          ...steps
            .filter(({ outcome }) => outcome === 'kept')
            .map(({ setId = null, manifestSha256 = null, reason = '' }) => ({
              setId,
              manifestSha256,
              reasons: [reason],
            })),
        ],
        freed: { versions: total(removed, 'versions'), bytes: total(removed, 'bytes') },
      },
    };
  },
};

type Removal = (step: RemovalStep, entry: Parameters<typeof removeSet>[1]) => Promise<JsonObject>;

const removal: Readonly<Record<'set' | 'parts' | 'keyring', Removal>> = {
  set: removeSet,
  parts: removeParts,
  keyring: removeKeyring,
};

export function total(results: readonly JsonObject[], name: 'versions' | 'bytes' | 'retained'): number {
  return results.reduce((sum, result) => sum + Number(result[name] ?? 0), 0);
}
