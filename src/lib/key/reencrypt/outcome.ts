import { progressOf, readJournal } from '../../operation/journal.ts';
import type { Plan } from '../../operation/plan.ts';
import type { KeyContext } from '../context.ts';
import { actualOf } from './actual.ts';
import type { PlannedReencrypt } from './plan-reencrypt.ts';
import type { KeyReencryptResult } from './results.ts';

/** How far the plan of a re-encryption went. */
interface Submitted {
  readonly plan: Plan;
  readonly outcome: KeyReencryptResult['outcome'];
  readonly applied?: { readonly certificateId?: string };
}

/** What came of a re-encryption, from the journal of its plan. */
export async function reencryptOutcome(
  context: KeyContext,
  { keyring, forecast }: PlannedReencrypt,
  submitted: Submitted | undefined,
): Promise<KeyReencryptResult> {
  const common = {
    keyring,
    forecast,
    planId: submitted?.plan.id ?? null,
    outcome: submitted?.outcome ?? 'nothing to do',
    certificateId: submitted?.applied?.certificateId ?? null,
  } as const;
  if (submitted?.applied === undefined) return { ...common, actual: null };
  const { results } = progressOf(await readJournal(await context.state(), submitted.plan.id));
  return { ...common, actual: actualOf([...results.values()]) };
}
