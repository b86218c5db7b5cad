import { usageError } from '../base/error.ts';
import type { Plan } from '../operation/plan.ts';
import type { PlanKind, PlanKindRegistry } from '../operation/plan-kind.ts';

/** Every kind of plan that this postern can apply, loaded when first needed. */
export const planKinds: PlanKindRegistry = {
  'operator.enroll': async () => (await import('../operation/operator-enroll.ts')).operatorEnroll,
  'operator.revoke': async () => (await import('../operation/operator-revoke.ts')).operatorRevoke,
};

/** @throws {PosternError} exit 2, `code: 'plan-kind-unknown'` */
export async function planKindOf(plan: Plan): Promise<PlanKind> {
  const load = planKinds[plan.body.kind];
  if (load !== undefined) return load();
  throw usageError(`this postern knows no plans of kind ${plan.body.kind}`, {
    code: 'plan-kind-unknown',
    hints: ['use the postern that made the plan'],
  });
}
