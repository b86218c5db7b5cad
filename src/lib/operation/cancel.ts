import { audited } from '../audit/audited.ts';
import { refused } from '../base/error.ts';
import { withJobLock } from '../state/job-lock.ts';
import { planLock, requireUnfinished } from './apply.ts';
import type { OperationContext } from './context.ts';
import { appendJournal, progressOf, readJournal } from './journal.ts';
import { type Plan, shortId } from './plan.ts';
import { loadPlan } from './plan-store.ts';

export interface CancelOptions {
  readonly reason: string;
  /** `abandon` also ends a plan that is partly applied, and leaves what is done as it is. */
  readonly whenStarted: 'refuse' | 'abandon';
}

/**
 * Ends a plan for good without applying it.
 * @throws {PosternError} exit 6 `plan-applied`, `plan-cancelled`, `plan-started`; exit 11 while it is being applied
 */
export async function cancelPlan(
  context: OperationContext,
  planId: string,
  { reason, whenStarted }: CancelOptions,
): Promise<{ readonly plan: Plan; readonly stepsDone: number }> {
  const db = await context.state();
  const plan = await loadPlan(db, planId);
  return audited(context, { action: 'plan.cancel', plan: plan.id, detail: { reason } }, (run) =>
    withJobLock(db, planLock(plan), async (session) => {
      const progress = progressOf(await readJournal(session, plan.id));
      requireUnfinished(plan, progress);
      const stepsDone = progress.results.size;
      if (progress.state === 'applying' && whenStarted === 'refuse') {
        throw refused(
          `plan ${shortId(plan.id)} is partly applied: ${stepsDone} of ${plan.body.steps.length} steps are done`,
          {
            code: 'plan-started',
            hints: [
              `finish it: \`postern plan apply ${shortId(plan.id)}\``,
              'or leave it half done: `postern plan cancel --abandon`',
            ],
          },
        );
      }
      run.note({ stepsDone });
      const detail = { reason, stepsDone, actor: { ...context.actor } };
      await appendJournal(session, plan.id, { event: 'cancelled', detail });
      return { plan, stepsDone };
    }),
  );
}
