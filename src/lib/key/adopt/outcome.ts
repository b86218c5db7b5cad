import type { JsonObject } from '../../crypto/canonical-json.ts';
import { progressOf, readJournal } from '../../operation/journal.ts';
import type { Plan } from '../../operation/plan.ts';
import type { KeyContext } from '../context.ts';
import { tookOf } from '../walk/took.ts';
import type { PlannedAdopt } from './plan-adopt.ts';
import type { KeyAdoptResult } from './results.ts';

/** How far the plan of an adoption went. */
interface Submitted {
  readonly plan: Plan;
  readonly outcome: KeyAdoptResult['outcome'];
  readonly applied?: { readonly certificateId?: string };
}

/** What came of adopting a column, from the journal of its plan. */
export async function adoptOutcome(
  context: KeyContext,
  { inputs: { mode, table, column, source, forecast }, remains }: PlannedAdopt,
  submitted: Submitted | undefined,
): Promise<KeyAdoptResult> {
  const common: Omit<KeyAdoptResult, 'actual'> = {
    mode,
    table,
    column,
    source,
    forecast,
    remains: [...remains],
    planId: submitted?.plan.id ?? null,
    outcome: submitted?.outcome ?? 'nothing to do',
    certificateId: submitted?.applied?.certificateId ?? null,
  };
  if (submitted?.applied === undefined) return { ...common, actual: null };
  const { results } = progressOf(await readJournal(await context.state(), submitted.plan.id));
  return { ...common, actual: actualOf([...results.values()]) };
}

/** What adopting took, from the results of its steps, to stand beside its forecast. */
export const actualOf = (results: readonly JsonObject[]) => tookOf(results, ['late']);
