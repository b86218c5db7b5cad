import { audited } from '../../audit/audited.ts';
import { refused } from '../../base/error.ts';
import type { Queryable } from '../../base/postgres.ts';
import { loadPlan } from '../../operation/plan-store.ts';
import { recordResumed } from './deferred.ts';
import type { HoldContext } from './place.ts';
import { showHold } from './register.ts';
import type { HoldSettleResult } from './results.ts';

/**
 * Records, on the operator's word, that an erasure took up what a released hold had kept: where postern cannot tell that
 * itself, since it knows nobody by name.
 * @throws {PosternError} exit 2 `hold-unknown`, as `loadPlan`; exit 6 `hold-not-waiting`, `plan-not-applied`
 */
export async function settleHold(
  context: HoldContext,
  number: number,
  { plan: idOrPrefix, reason }: { readonly plan: string; readonly reason: string },
): Promise<HoldSettleResult> {
  const { profile, clock } = context;
  const state = await context.state();
  const { verdict, case: target } = await showHold(state, profile, number, clock.now());
  if (verdict !== 'waiting') {
    throw refused(`nothing waits because of hold ${number}`, { code: 'hold-not-waiting' });
  }
  const { id, body } = await loadPlan(state, idOrPrefix);
  if (
    !['subject.erase', 'tenant.offboard'].includes(body.kind) ||
    body.profile !== profile ||
    !(await isApplied(state, id))
  ) {
    throw refused(`plan ${id.slice(0, 12)} is no erasure of the profile ${profile} that was applied`, {
      code: 'plan-not-applied',
      hints: ['`postern plan list` shows the plans, and what became of each'],
    });
  }
  const action = { action: 'hold.settle', target, plan: id, detail: { number, reason } };
  return audited(context, action, async () => {
    const closed = await recordResumed(state, { profile, holds: [number], resumedBy: id });
    return { hold: await showHold(state, profile, number, clock.now()), closed };
  });
}

async function isApplied(state: Queryable, planId: string): Promise<boolean> {
  const { rows } = await state.query(
    `select from postern.plan_journal where plan_id = $1 and event = 'applied'`,
    [planId],
  );
  return rows.length > 0;
}
