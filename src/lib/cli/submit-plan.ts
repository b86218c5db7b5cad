import { PosternError } from '../base/error.ts';
import { type AppliedPlan, applyPlan } from '../operation/apply.ts';
import { signPlan } from '../operation/approval.ts';
import type { OperationContext } from '../operation/context.ts';
import { type Plan, requiredApprovals, shortId } from '../operation/plan.ts';
import type { PlanKind } from '../operation/plan-kind.ts';
import { savePlan } from '../operation/plan-store.ts';
import type { PosternContext } from './context.ts';
import { operatorKey } from './operator.ts';
import { type Asking, confirmName, confirmYes } from './prompt.ts';

/** How far a domain command goes with the plan that it has built. */
export type PlanMode = 'apply' | 'plan-only' | 'dry-run';

export interface SubmittedPlan {
  readonly plan: Plan;
  /** `awaiting approval`: stored, signed where a key is configured, and not applied. */
  readonly outcome: 'applied' | 'planned' | 'awaiting approval' | 'not stored';
  readonly applied?: AppliedPlan;
}

export interface SubmitOptions<C extends OperationContext> {
  readonly operation: C;
  readonly kind: PlanKind<C>;
  readonly plan: Plan;
  readonly mode: PlanMode;
  readonly asking: Asking;
}

/**
 * What every domain command does with its plan: `dry-run` keeps nothing; `plan-only` stores it; `apply` applies it at
 * once where nobody has to approve and the person confirms, and otherwise stores it for its approvers.
 */
export async function submitPlan<C extends OperationContext>(
  context: PosternContext,
  { operation, kind, plan, mode, asking }: SubmitOptions<C>,
): Promise<SubmittedPlan> {
  if (mode === 'dry-run') return { plan, outcome: 'not stored' };
  const needsApproval = requiredApprovals(operation, plan.body) > 0;
  const isToApply = mode === 'apply' && !needsApproval;
  // Asked first, so that a "no" leaves nothing behind.
  if (isToApply) await confirmPlan(plan, kind.danger, asking);
  await savePlan(operation, plan);
  if (needsApproval) await signAsAuthor(context, operation, plan);
  if (!isToApply) return { plan, outcome: mode === 'apply' ? 'awaiting approval' : 'planned' };
  return { plan, outcome: 'applied', applied: await applyPlan(operation, kind, plan.id) };
}

/**
 * The confirmation that a plan's danger asks for, with profile and target in its first line.
 * @throws {PosternError} exit 2 without a terminal and flag, exit 6 when it is not confirmed
 */
export async function confirmPlan(plan: Plan, danger: PlanKind['danger'], asking: Asking): Promise<void> {
  const { profile, target, steps } = plan.body;
  const summaries = steps.slice(0, 10).map(({ summary }) => summary);
  const more = steps.length > 10 ? [`and ${steps.length - 10} more steps`] : [];
  const warning = [`profile ${profile}, target ${target.database}`, ...summaries, ...more].join('; ');
  if (danger === 'moderate') await confirmYes(`${warning}: go on?`, asking);
  if (danger === 'severe') await confirmName(warning, target.database, asking);
}

/**
 * Signs with the configured key where it is the author's; otherwise the author runs `plan sign`.
 * @throws {PosternError} as `signPlan`, with the plan that is stored and not signed
 */
async function signAsAuthor(context: PosternContext, operation: OperationContext, plan: Plan): Promise<void> {
  const key = await operatorKey(context);
  if (key === undefined || key.fingerprint !== plan.body.author.fingerprint) return;
  const { signDetached } = await import('../crypto/openpgp-signature.ts');
  const signature = await signDetached(Buffer.from(plan.text), key);
  try {
    await signPlan(operation, plan.id, signature);
  } catch (error) {
    if (!(error instanceof PosternError)) throw error;
    throw new PosternError(error.exitCode, error.message, {
      ...(error.code === undefined ? {} : { code: error.code }),
      cause: error,
      hints: [...error.hints, `the plan is stored: \`postern plan sign ${shortId(plan.id)}\` signs it then`],
    });
  }
}
