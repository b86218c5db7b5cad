import { setTimeout as wait } from 'node:timers/promises';
import { audited } from '../../audit/audited.ts';
import { refused, usageError } from '../../base/error.ts';
import { checkPlan, planLock } from '../../operation/apply.ts';
import { progressOf, readJournal } from '../../operation/journal.ts';
import { type Plan, planInputs, shortId } from '../../operation/plan.ts';
import { loadPlan } from '../../operation/plan-store.ts';
import { isJobLocked } from '../../state/job-lock.ts';
import type { KeyContext } from '../context.ts';
import { unfinishedStep } from '../walk/walk-part.ts';
import { walkTableRows } from '../walk/walk-table-rows.ts';
import { columnOfStep } from './column-of-step.ts';
import { reencryptInputs } from './inputs.ts';
import { keyReencrypt } from './kind.ts';
import { reencryptWork } from './reencrypt-work.ts';
import { keyringScope } from './scope.ts';

/** How often it is looked whether there is something to join. */
const everyMs = 1000;

/**
 * Works on the walks of a plan that somebody else applies, on this host or another, until that ends. What applying
 * checks is checked here too; the plan's journal is left to whoever applies it.
 * @returns rows that this call looked at
 * @throws {PosternError} exit 6 `plan-not-applying`; else as `checkPlan` and `workOnWalk`
 */
export async function joinReencrypt(
  context: KeyContext,
  plan: Plan,
  workers: number,
): Promise<{ readonly rows: number; readonly walks: number }> {
  await checkPlan(context, keyReencrypt, plan.id);
  if (!(await isBeingApplied(context, plan))) {
    throw refused(`nobody applies plan ${shortId(plan.id)} at the moment`, {
      code: 'plan-not-applying',
      hints: [`\`postern plan apply ${shortId(plan.id)}\` begins or goes on with it; others can then join`],
    });
  }
  return audited(context, { action: 'key.work', plan: plan.id }, async (run) => {
    let rows = 0;
    let walks = 0;
    while (await isBeingApplied(context, plan)) {
      context.signal.throwIfAborted();
      const step = await unfinishedStep(await context.state(), plan.id);
      if (step === undefined) await wait(everyMs, undefined, { signal: context.signal });
      else {
        rows += await joinWalk(context, plan, step, workers);
        walks += 1;
      }
    }
    run.note({ rows, walks });
    return { rows, walks };
  });
}

async function joinWalk(context: KeyContext, plan: Plan, step: number, workers: number): Promise<number> {
  const inputs = planInputs(plan, reencryptInputs);
  const db = await context.openWriter();
  try {
    const { keyring, columns } = await keyringScope(db, await context.map(), inputs.keyring);
    const column = columnOfStep(plan, step, columns);
    const work = reencryptWork({ column, keyring, open: context.openDataKey });
    let rows = 0;
    const onRows = (count: number) => (rows += count);
    await walkTableRows(
      context,
      db,
      { walk: { planId: plan.id, step }, column, work, onRows },
      { ...inputs, workers },
    );
    return rows;
  } finally {
    await db.end().catch(() => {});
  }
}

async function isBeingApplied(context: KeyContext, plan: Plan): Promise<boolean> {
  const state = await context.state();
  if (progressOf(await readJournal(state, plan.id)).state !== 'applying') return false;
  return isJobLocked(state, planLock(plan));
}

/**
 * The plan of this id, which has to be a re-encryption.
 * @throws {PosternError} exit 2 `plan-kind`; else as `loadPlan`
 */
export async function joinablePlan(context: KeyContext, idOrPrefix: string) {
  const plan = await loadPlan(await context.state(), idOrPrefix);
  if (plan.body.kind !== keyReencrypt.kind) {
    throw usageError(`plan ${shortId(plan.id)} is of kind ${plan.body.kind}, which no other host can join`, {
      code: 'plan-kind',
    });
  }
  return { plan, kmsRequestsPerSecond: planInputs(plan, reencryptInputs).kmsRequestsPerSecond };
}
