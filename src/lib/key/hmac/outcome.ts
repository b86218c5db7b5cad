import type { JsonObject } from '../../crypto/canonical-json.ts';
import { progressOf, readJournal } from '../../operation/journal.ts';
import type { Plan } from '../../operation/plan.ts';
import type { KeyContext } from '../context.ts';
import { tookOf } from '../walk/took.ts';
import type { PlannedHmac } from './plan-hmac.ts';
import type { KeyRotateHmacResult } from './results.ts';

/** How far the plan of a rotation went. */
interface Submitted {
  readonly plan: Plan;
  readonly outcome: KeyRotateHmacResult['outcome'];
  readonly applied?: { readonly certificateId?: string };
}

/** What came of rotating an HMAC key, from the journal of its plan. */
export async function hmacOutcome(
  context: KeyContext,
  { inputs: { mode, keyring, hashes, active, next, forecast } }: PlannedHmac,
  submitted: Submitted | undefined,
): Promise<KeyRotateHmacResult> {
  const common: Omit<KeyRotateHmacResult, 'actual'> = {
    mode,
    keyring,
    hashes,
    version: active?.version ?? null,
    nextVersion: next?.version ?? null,
    forecast,
    planId: submitted?.plan.id ?? null,
    outcome: submitted?.outcome ?? 'nothing to do',
    certificateId: submitted?.applied?.certificateId ?? null,
  };
  if (submitted?.applied === undefined) return { ...common, actual: null };
  const { results } = progressOf(await readJournal(await context.state(), submitted.plan.id));
  return { ...common, actual: actualOf([...results.values()]) };
}

/** What it took, from the results of its steps, to stand beside its forecast. */
export const actualOf = (results: readonly JsonObject[]) => tookOf(results, ['late', 'drained']);
