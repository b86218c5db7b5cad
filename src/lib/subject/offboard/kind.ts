import { refused } from '../../base/error.ts';
import type { JsonObject } from '../../crypto/canonical-json.ts';
import { progressOf, readJournal } from '../../operation/journal.ts';
import { type Plan, planInputs } from '../../operation/plan.ts';
import type { PlanKind } from '../../operation/plan-kind.ts';
import { databaseTarget } from '../../operation/target.ts';
import { readCatalog } from '../../platform/catalog/index.ts';
import { dropWork, isFrozen, workOf } from '../erase/closure/work.ts';
import type { EraseContext } from '../erase/context.ts';
import { erasePreconditions } from '../erase/preconditions.ts';
import { holdsOf } from '../erase/run/residue.ts';
import { withWriter } from '../erase/sessions.ts';
import { doRowStep, freezeClosure, recordHeld, requireSame, withRun } from '../erase/steps.ts';
import { isAfterDay } from './clock.ts';
import { type OffboardInputs, offboardInputs } from './inputs.ts';
import { settleOffboarding, writeOffboarding } from './ledger.ts';
import { predicateOf } from './predicate.ts';
import { recountRows } from './recount.ts';
import { recountObjects } from './recount-objects.ts';
import { beginOffboarding, offboardingOf, recordEvent } from './register.ts';
import { recounted } from './results.ts';

export const tenantOffboard: PlanKind<EraseContext> = {
  kind: 'tenant.offboard',
  danger: 'severe',
  target: (context) => withWriter(context, databaseTarget),
  preconditions: async (context, plan) => {
    await requireSameEnd(context, plan);
    return withWriter(context, async (db) => erasePreconditions(await context.map(), await readCatalog(db)));
  },
  applyStep: async (context, plan, index): Promise<JsonObject> => {
    const inputs = planInputs(plan, offboardInputs);
    const { kind = '', inputs: own } = plan.body.steps[index] ?? { inputs: {} };
    if (kind === 'freeze') return freeze(context, plan, inputs);
    if (kind === 'ledger') return ledger(context, plan, inputs);
    if (kind === 'register') return register(context, plan, inputs);
    if (kind === 'tidy') return tidy(context, plan, inputs);
    const scope = { ...inputs, planId: plan.id, wholeTenant: true };
    return withRun(context, scope, async (run) => {
      if (kind !== 'recount') return doRowStep(context, run, { kind, own }, scope);
      const rows = await recountRows(run);
      const objectsLeft = await recountObjects(run, await context.buckets());
      return JSON.parse(JSON.stringify({ ...rows, objectsLeft, holds: await holdsOf(run) })) as JsonObject;
    });
  },
  certify: async (context, plan, results) => ({
    subject: [],
    predicateType: 'urn:postern:predicate:tenant-offboard:v1',
    predicate: predicateOf(plan, planInputs(plan, offboardInputs), results, await context.horizon()),
  }),
  leftovers: async (context, plan) => {
    const { schema, prefix } = workOf(plan.id);
    const there = await withWriter(context, (db) => isFrozen(db, workOf(plan.id)));
    return there
      ? [
          `the work tables ${schema}.${prefix}_… hold the keys of the rows: drop them, or have the plan applied to its end`,
        ]
      : [];
  },
};

/**
 * A contract that was found to end on another day, or was prolonged, since the plan was made.
 * @throws {PosternError} exit 6, `plan-stale`
 */
async function requireSameEnd(context: EraseContext, plan: Plan): Promise<void> {
  const { tenant, endedOn } = planInputs(plan, offboardInputs);
  const now = context.clock.now();
  const known = await offboardingOf(await context.state(), context.profile, { tenant, now });
  if (known === undefined || known.endedOn === endedOn || known.begunAt < plan.body.createdAt) return;
  throw refused(
    `the plan says that the contract of ${tenant} ended on ${endedOn}; by the register, since ${known.begunAt}, it is ${known.endedOn}`,
    {
      code: 'plan-stale',
      hints: ['nothing was deleted; make the plan again once the contract has ended'],
    },
  );
}

/** Writes down what the plan treats, once more, and compares: nothing is destroyed that nobody approved. */
function freeze(context: EraseContext, plan: Plan, inputs: OffboardInputs): Promise<JsonObject> {
  const { tenant, judgedAt } = inputs;
  return freezeClosure(context, plan.id, () =>
    Promise.resolve({
      options: { seeds: [], tenant, wholeTenant: true, at: new Date(judgedAt) },
      check: (closure) => Promise.resolve(requireSame(inputs, closure)),
    }),
  );
}

async function ledger(context: EraseContext, plan: Plan, inputs: OffboardInputs): Promise<JsonObject> {
  const { profile, clock } = context;
  const { tenant, holds } = inputs;
  await beginOffboarding(context, inputs);
  await writeOffboarding(await context.state(), { profile, planId: plan.id, tenant, at: clock.now() });
  await recordHeld(context, plan.id, holds);
  return { ledger: 'written' };
}

/** What is left although nothing keeps it is not deleted: the clock goes on then. */
async function register(context: EraseContext, plan: Plan, inputs: OffboardInputs): Promise<JsonObject> {
  const state = await context.state();
  const { results } = progressOf(await readJournal(state, plan.id));
  const found = recounted.parse(results.get(plan.body.steps.findIndex(({ kind }) => kind === 'recount')));
  const now = context.clock.now();
  const outcome = { doneAt: now.toISOString(), inTime: !isAfterDay(now, inputs.dueOn) };
  const { number } = await beginOffboarding(context, inputs);
  if (found.left.length + found.objectsLeft.length > 0) return { ...outcome, deleted: false };
  const keptRows = found.kept.reduce((sum, { rows }) => sum + rows, 0);
  await recordEvent(state, {
    number,
    kind: 'deleted',
    planId: plan.id,
    detail: { keptRows },
  });
  return { ...outcome, deleted: true };
}

/** Nothing of the work is left behind; what earlier offboardings had to leave because of holds is settled by this one. */
async function tidy(context: EraseContext, plan: Plan, { tenant }: OffboardInputs): Promise<JsonObject> {
  const { profile } = context;
  const holdsSettled = await settleOffboarding(await context.state(), { profile, planId: plan.id, tenant });
  await withWriter(context, (db) => dropWork(db, workOf(plan.id)));
  return { holdsSettled };
}
