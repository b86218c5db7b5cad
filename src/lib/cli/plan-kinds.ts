import { usageError } from '../base/error.ts';
import type { AppliedPlan } from '../operation/apply.ts';
import type { OperationContext } from '../operation/context.ts';
import { type Plan, planInputs } from '../operation/plan.ts';
import type { Danger, PlanKind } from '../operation/plan-kind.ts';
import type { PosternContext } from './context.ts';
import { operationContext } from './operation-context.ts';

/** A kind of plan together with what its own steps work with. */
export interface BoundKind {
  readonly danger: Danger;
  /** What `applyPlan` checks before its first step. Errors as `checkPlan`. */
  check(planId: string): Promise<void>;
  /** Errors as `applyPlan`. */
  apply(planId: string): Promise<AppliedPlan>;
  /** What a plan that is given up leaves behind: a sentence each. */
  leftovers(plan: Plan): Promise<readonly string[]>;
}

/** Every kind of plan that this postern can apply, loaded when first needed. */
const planKinds: Readonly<Record<string, (context: PosternContext, plan: Plan) => Promise<BoundKind>>> = {
  'backup.prune': async (context) => {
    const { pruneContext } = await import('./backup-prune.ts');
    const { backupPrune } = await import('../backup/prune/index.ts');
    return bind(backupPrune, await pruneContext(context));
  },
  'backup.restore': async (context, plan) => {
    const { restoreContext } = await import('./backup-context.ts');
    const { restoreKind } = await import('../backup/restore/kind.ts');
    const { restoreInputs } = await import('../backup/restore/plan-restore.ts');
    const { destination } = planInputs(plan, restoreInputs);
    return bind(restoreKind(plan), await restoreContext(context, destination));
  },
  'key.adopt': async (context, plan) => {
    const { adoptContext } = await import('./key-adopt.ts');
    const { keyAdopt } = await import('../key/adopt/index.ts');
    const { adoptInputs } = await import('../key/adopt/inputs.ts');
    return bind(keyAdopt, await adoptContext(context, planInputs(plan, adoptInputs)));
  },
  'key.adopt-finish': async (context, plan) => {
    const { adoptContext } = await import('./key-adopt.ts');
    const { keyAdoptFinish } = await import('../key/adopt/index.ts');
    const { adoptInputs } = await import('../key/adopt/inputs.ts');
    return bind(keyAdoptFinish, await adoptContext(context, planInputs(plan, adoptInputs)));
  },
  'key.destroy': async (context) => {
    const { destroyContext } = await import('./key-destroy-context.ts');
    const { keyDestroy } = await import('../key/destroy/index.ts');
    return bind(keyDestroy, await destroyContext(context));
  },
  'key.retire': async (context) => {
    const { destroyContext } = await import('./key-destroy-context.ts');
    const { keyRetire } = await import('../key/destroy/index.ts');
    return bind(keyRetire, await destroyContext(context));
  },
  'key.rotate-dkim': async (context, plan) => {
    const { dkimContext } = await import('./key-dkim.ts');
    const { rotateDkim } = await import('../key/dkim/index.ts');
    return bind(rotateDkim(plan), await dkimContext(context));
  },
  'key.reencrypt': async (context, plan) => {
    const { keyContext } = await import('./key-context.ts');
    const { keyReencrypt } = await import('../key/reencrypt/index.ts');
    const { reencryptInputs } = await import('../key/reencrypt/inputs.ts');
    return bind(keyReencrypt, await keyContext(context, planInputs(plan, reencryptInputs)));
  },
  'key.rotate-hmac': async (context, plan) => {
    const { keyContext } = await import('./key-context.ts');
    const { rotateHmac } = await import('../key/hmac/index.ts');
    const { hmacInputs } = await import('../key/hmac/inputs.ts');
    return bind(rotateHmac, await keyContext(context, planInputs(plan, hmacInputs)));
  },
  'key.rotate-hmac-finish': async (context, plan) => {
    const { keyContext } = await import('./key-context.ts');
    const { finishHmac } = await import('../key/hmac/index.ts');
    const { hmacInputs } = await import('../key/hmac/inputs.ts');
    return bind(finishHmac, await keyContext(context, planInputs(plan, hmacInputs)));
  },
  'key.rotate-kek': async (context, plan) => {
    const { keyContext } = await import('./key-context.ts');
    const { rotateKek } = await import('../key/kek/index.ts');
    const { kekInputs } = await import('../key/kek/inputs.ts');
    return bind(rotateKek, await keyContext(context, planInputs(plan, kekInputs)));
  },
  'key.rotate-openpgp': async (context) => {
    const { openpgpContext } = await import('./key-openpgp.ts');
    const { openpgpRotation } = await import('../key/openpgp/index.ts');
    return bind(openpgpRotation, await openpgpContext(context));
  },
  'key.rotate-password': async (context) => {
    const { passwordContext } = await import('./key-password.ts');
    const { passwordRotation } = await import('../key/password/index.ts');
    return bind(passwordRotation, await passwordContext(context));
  },
  'key.shred': async (context) => {
    const { keyContext } = await import('./key-context.ts');
    const { keyShred } = await import('../key/shred/index.ts');
    return bind(keyShred, await keyContext(context));
  },
  'operator.enroll': async (context) =>
    bind((await import('../operation/operator-enroll.ts')).operatorEnroll, await operationContext(context)),
  'operator.revoke': async (context) =>
    bind((await import('../operation/operator-revoke.ts')).operatorRevoke, await operationContext(context)),
  'subject.rotate-pseudonyms': async (context) => {
    const { pseudonymContext } = await import('./subject-pseudonyms.ts');
    const { rotatePseudonyms } = await import('../subject/pseudonym/rotate/index.ts');
    return bind(rotatePseudonyms, await pseudonymContext(context));
  },
  'subject.erase': async (context) => {
    const { eraseContext } = await import('./subject-erase.ts');
    const { subjectErase } = await import('../subject/erase/index.ts');
    return bind(subjectErase, await eraseContext(context));
  },
  'subject.rectify': async (context) => {
    const { rectifyContext } = await import('./subject-rectify.ts');
    const { subjectRectify } = await import('../subject/rectify/index.ts');
    return bind(subjectRectify, await rectifyContext(context));
  },
  'tenant.offboard': async (context) => {
    const { eraseContext } = await import('./subject-erase.ts');
    const { tenantOffboard } = await import('../subject/offboard/index.ts');
    return bind(tenantOffboard, await eraseContext(context));
  },
};

/** The names of all kinds. */
export const planKindNames: readonly string[] = Object.keys(planKinds);

/** @throws {PosternError} exit 2, `code: 'plan-kind-unknown'`, or what the kind's own context lacks */
export async function openPlanKind(context: PosternContext, plan: Plan): Promise<BoundKind> {
  const open = planKinds[plan.body.kind];
  if (open !== undefined) return open(context, plan);
  throw usageError(`this postern knows no plans of kind ${plan.body.kind}`, {
    code: 'plan-kind-unknown',
    hints: ['use the postern that made the plan'],
  });
}

function bind<C extends OperationContext>(kind: PlanKind<C>, operation: C): BoundKind {
  return {
    danger: kind.danger,
    check: async (planId) => {
      const { checkPlan } = await import('../operation/apply.ts');
      await checkPlan(operation, kind, planId);
    },
    apply: async (planId) => {
      const { applyPlan } = await import('../operation/apply.ts');
      return applyPlan(operation, kind, planId);
    },
    leftovers: async (plan) => (await kind.leftovers?.(operation, plan)) ?? [],
  };
}
