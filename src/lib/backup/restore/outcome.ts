import { progressOf, readJournal } from '../../operation/journal.ts';
import { type Plan, planInputs } from '../../operation/plan.ts';
import type { BackupRestoreResult } from '../results.ts';
import type { RestoreContext } from './context.ts';
import { restoreInputs, restoreSteps } from './plan-restore.ts';

/** What came of a restore's plan, from its journal. */
export async function restoreOutcome(
  context: RestoreContext,
  { plan, applied }: { readonly plan: Plan; readonly applied?: { readonly certificateId?: string } },
): Promise<BackupRestoreResult> {
  const { setId, source, database } = planInputs(plan, restoreInputs);
  const common = { planId: plan.id, setId, source, database };
  if (applied === undefined)
    return { ...common, state: 'planned', tables: null, rows: null, schema: null, certificateId: null };
  const { results } = progressOf(await readJournal(await context.state(), plan.id));
  const comparison = results.get(restoreSteps.indexOf('compare')) ?? {};
  return {
    ...common,
    state: 'applied',
    tables: Array.isArray(comparison['tables']) ? comparison['tables'].length : null,
    rows: Number(comparison['rows']),
    schema: comparison['schema'] === 'equal' ? 'equal' : 'not compared',
    certificateId: applied.certificateId ?? null,
  };
}
