import { progressOf, readJournal } from '../../operation/journal.ts';
import type { Plan } from '../../operation/plan.ts';
import type { PruneContext } from './context.ts';
import { total } from './kind.ts';
import type { PlannedPrune } from './plan-prune.ts';
import type { BackupPruneResult } from './results.ts';

/** How far the plan of a prune went. */
interface Submitted {
  readonly plan: Plan;
  readonly outcome: BackupPruneResult['outcome'];
  readonly applied?: { readonly certificateId?: string };
}

/** What came of a prune, from the journal of its plan. */
export async function pruneOutcome(
  context: PruneContext,
  destination: string,
  { entries }: PlannedPrune,
  submitted: Submitted | undefined,
): Promise<BackupPruneResult> {
  const { store, prefix } = await context.destination(destination);
  const common = {
    destination,
    location: `${store.location}/${prefix}`,
    planId: submitted?.plan.id ?? null,
    outcome: submitted?.outcome ?? 'nothing to remove',
    certificateId: submitted?.applied?.certificateId ?? null,
    entries: [...entries],
  };
  const retained = entries.filter(({ action }) => action === 'retained').length;
  if (submitted?.applied === undefined) return { ...common, removed: null, retained };
  const { results } = progressOf(await readJournal(await context.state(), submitted.plan.id));
  const steps = submitted.plan.body.steps.map(({ kind }, index) => ({ kind, ...results.get(index) }));
  const removed = steps.filter((step) => 'outcome' in step && step.outcome === 'removed');
  const number = (kind: string): number => removed.filter((step) => step.kind === kind).length;
  const found = steps.filter((step) => 'outcome' in step && step.outcome === 'retained').length;
  return {
    ...common,
    removed: {
      sets: number('remove-set'),
      parts: number('remove-parts'),
      keyrings: number('remove-keyring'),
      versions: total(removed, 'versions'),
      bytes: total(removed, 'bytes'),
    },
    retained: retained + found,
  };
}
