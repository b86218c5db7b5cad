import { audited } from '../audit/audited.ts';
import { refused } from '../base/error.ts';
import type { Queryable } from '../base/postgres.ts';
import { withJobLock } from '../state/job-lock.ts';
import { applySteps } from './apply-steps.ts';
import { type Approval, requireApprovals } from './approval-check.ts';
import { certifyPlan } from './certify.ts';
import type { OperationContext } from './context.ts';
import { appendJournal, type PlanProgress, progressOf, readJournal } from './journal.ts';
import { type Plan, shortId } from './plan.ts';
import type { PlanKind } from './plan-kind.ts';
import { loadPlan } from './plan-store.ts';
import { requireFresh, requireUnexpired } from './staleness.ts';
import { requireTarget } from './target.ts';

export interface AppliedPlan {
  readonly plan: Plan;
  /** How many of the steps an earlier run had done. */
  readonly resumedAfter: number;
  /** The certificate's id; absent where the kind has none or nobody is configured to sign. */
  readonly certificateId?: string;
}

/**
 * Applies a plan, or goes on where an earlier run was stopped, killed or failed. Every step is journalled before and
 * after, in the session that holds the plan's lock, so a run that lost the lock can begin nothing more.
 * @throws {PosternError} exit 5 when plan or approvals were tampered with; exit 6 `plan-applied`, `plan-cancelled`,
 * `plan-expired`, `plan-wrong-profile`, `plan-wrong-target`, `plan-stale`, `plan-unsigned`, `plan-unapproved`; exit 11
 * `job-locked`; else as `applySteps` and `certifyPlan`
 */
export async function applyPlan<C extends OperationContext>(
  context: C,
  kind: PlanKind<C>,
  planId: string,
): Promise<AppliedPlan> {
  const db = await context.state();
  const plan = await loadPlan(db, planId);
  requireKind(kind, plan);
  const action = { action: 'plan.apply', plan: plan.id, target: plan.body.target.database };
  return audited(context, { ...action, detail: { kind: plan.body.kind } }, (run) =>
    withJobLock(db, planLock(plan), async (session) => {
      const progress = progressOf(await readJournal(session, plan.id));
      const approvals = await requireApplicable(context, kind, session, plan, progress);
      const signer = kind.certify === undefined ? undefined : await context.certificateSigner();
      if (progress.state === 'open') {
        await appendJournal(session, plan.id, { event: 'started', detail: { actor: { ...context.actor } } });
      }
      const results = await applySteps(context, kind, session, plan, progress);
      const certificateId = await certifyPlan(context, kind, session, { plan, approvals, results, signer });
      const resumedAfter = progress.results.size;
      const outcome = { resumedAfter, ...(certificateId === undefined ? {} : { certificateId }) };
      run.note({ steps: plan.body.steps.length, ...outcome });
      return { plan, ...outcome };
    }),
  );
}

/**
 * Whether `applyPlan` would begin or go on: everything that it checks, and nothing done.
 * @throws {PosternError} exit 5 and 6 as `applyPlan`
 */
export async function checkPlan<C extends OperationContext>(
  context: C,
  kind: PlanKind<C>,
  planId: string,
): Promise<Plan> {
  const db = await context.state();
  const plan = await loadPlan(db, planId);
  requireKind(kind, plan);
  await requireApplicable(context, kind, db, plan, progressOf(await readJournal(db, plan.id)));
  return plan;
}

function requireKind(kind: { readonly kind: string }, plan: Plan): void {
  if (kind.kind === plan.body.kind) return;
  throw new TypeError(`${kind.kind} cannot apply a plan of kind ${plan.body.kind}`);
}

/** The lock that keeps a plan to one run; the id's first half is enough, and leaves room for the holder's name. */
export function planLock(plan: Plan): string {
  return `plan ${plan.id.slice(0, 16)}`;
}

/** Everything that must hold before a step may run; once applying has begun, expiry and staleness no longer count. */
async function requireApplicable<C extends OperationContext>(
  context: C,
  kind: PlanKind<C>,
  session: Queryable,
  plan: Plan,
  progress: PlanProgress,
): Promise<readonly Approval[]> {
  requireUnfinished(plan, progress);
  const isFirstRun = progress.state === 'open';
  if (isFirstRun) requireUnexpired(plan, context.clock.now());
  requireProfile(context, plan);
  requireTarget(plan, await kind.target(context, plan));
  if (isFirstRun) requireFresh(plan, await kind.preconditions(context, plan));
  return requireApprovals(context, session, plan, progress.startedAt);
}

/** @throws {PosternError} exit 6 `plan-applied`, `plan-cancelled` */
export function requireUnfinished(plan: Plan, progress: PlanProgress): void {
  if (progress.state !== 'applied' && progress.state !== 'cancelled') return;
  throw refused(`plan ${shortId(plan.id)} was ${progress.state} at ${progress.endedAt}`, {
    code: `plan-${progress.state}`,
    hints: ['make a new plan where the change is still wanted'],
  });
}

function requireProfile(context: OperationContext, plan: Plan): void {
  if (plan.body.profile === context.profile) return;
  throw refused(
    `plan ${shortId(plan.id)} belongs to profile ${plan.body.profile}, and this is ${context.profile}`,
    { code: 'plan-wrong-profile', hints: [`use --profile ${plan.body.profile}`] },
  );
}
