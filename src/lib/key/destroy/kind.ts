import type { JsonObject } from '../../crypto/canonical-json.ts';
import { type Plan, planInputs } from '../../operation/plan.ts';
import type { PlanKind } from '../../operation/plan-kind.ts';
import type { DestroyContext } from './context.ts';
import { destroyInputs } from './inputs.ts';
import { keyPrecondition } from './plan-end.ts';
import { destroyRules, retireRules } from './prove.ts';
import type { RuleName } from './rule/rule.ts';
import { disableStep, type EndStep, proveStep, scheduleStep } from './steps.ts';
import { endingTarget } from './target.ts';

export const keyRetire: PlanKind<DestroyContext> = {
  ...common(retireRules, { prove: proveStep, disable: disableStep }),
  kind: 'key.retire',
  danger: 'moderate',
  certify: async (_context, plan, results) => ({
    subject: [],
    predicateType: 'urn:postern:predicate:key-retire:v1',
    predicate: { ...proofOf(plan, results), disabled: true },
  }),
};

export const keyDestroy: PlanKind<DestroyContext> = {
  ...common(destroyRules, { prove: proveStep, schedule: scheduleStep }),
  kind: 'key.destroy',
  danger: 'severe',
  certify: async (_context, plan, results) => ({
    subject: [],
    predicateType: 'urn:postern:predicate:key-destroy:v1',
    predicate: {
      ...proofOf(plan, results),
      soakSeconds: planInputs(plan, destroyInputs).soakSeconds,
      waitingDays: planInputs(plan, destroyInputs).waitingDays,
      deletionDate: results[1]?.['deletionDate'] ?? null,
    },
  }),
};

type Steps = Readonly<Record<string, (step: EndStep) => Promise<JsonObject>>>;

function common(
  rules: readonly RuleName[],
  steps: Steps,
): Pick<PlanKind<DestroyContext>, 'target' | 'preconditions' | 'applyStep'> {
  return {
    target: (context, plan) => endingTarget(context, planInputs(plan, destroyInputs).key),
    preconditions: async (context, plan) => {
      const { key } = planInputs(plan, destroyInputs);
      return [keyPrecondition(await (await context.kms()).describeKey(key))];
    },
    applyStep: async (context, plan, index) => {
      const apply = steps[plan.body.steps[index]?.kind ?? ''];
      if (apply === undefined) throw new Error(`a plan of kind ${plan.body.kind} has no step ${index}`);
      const kms = await context.kms();
      return apply({ context, inputs: planInputs(plan, destroyInputs), kms, rules });
    },
  };
}

/** What was found when it was done: the last look at every rule, and when data keys were counted. */
function proofOf(plan: Plan, [proof = {}, done = {}]: readonly JsonObject[]): JsonObject {
  const { key, writerCacheSeconds } = planInputs(plan, destroyInputs);
  const { firstPassAt = null, secondPassAt = null } = proof;
  const rules = done['rules'] ?? proof['rules'] ?? [];
  return { key, writerCacheSeconds, firstPassAt, secondPassAt, rules };
}
