import { refused } from '../../base/error.ts';
import type { JsonObject } from '../../crypto/canonical-json.ts';
import { type Plan, planInputs } from '../../operation/plan.ts';
import type { PlanKind } from '../../operation/plan-kind.ts';
import { databaseTarget } from '../../operation/target.ts';
import { readCatalog } from '../../platform/catalog/index.ts';
import { mapModel } from '../../platform/map/index.ts';
import type { SharedTest } from '../find/shared-names.ts';
import { identitiesOf } from '../identity/identities.ts';
import type { KnownValues } from '../identity/spots.ts';
import { requireAsked } from '../request/index.ts';
import { dropWork, isFrozen, workOf } from './closure/work.ts';
import type { EraseContext } from './context.ts';
import { graphOf } from './graph-of.ts';
import { type EraseInputs, eraseInputs } from './inputs.ts';
import { findByHash } from './ledger/find-by-hash.ts';
import { settleReleased, writeLedger } from './ledger/ledger.ts';
import { sharedByHash } from './ledger/shared-by-hash.ts';
import { personHashes } from './plan-erase.ts';
import { erasePreconditions } from './preconditions.ts';
import { predicateOf } from './predicate.ts';
import { lookForResidue } from './run/residue.ts';
import { withWriter } from './sessions.ts';
import { doRowStep, freezeClosure, recordHeld, requireSame, withRun } from './steps.ts';

export const subjectErase: PlanKind<EraseContext> = {
  kind: 'subject.erase',
  danger: 'severe',
  target: (context) => withWriter(context, databaseTarget),
  preconditions: async (context, plan) => {
    await requireAsked(context, planInputs(plan, eraseInputs).request, 'erasure');
    return withWriter(context, async (db) => erasePreconditions(await context.map(), await readCatalog(db)));
  },
  applyStep: async (context, plan, index): Promise<JsonObject> => {
    const inputs = planInputs(plan, eraseInputs);
    const { kind = '', inputs: own } = plan.body.steps[index] ?? { inputs: {} };
    if (kind === 'freeze') return freeze(context, plan, inputs);
    if (kind === 'ledger') return ledger(context, plan, inputs);
    if (kind === 'tidy') return tidy(context, plan, inputs);
    const scope = { ...inputs, planId: plan.id };
    return withRun(context, scope, (run) =>
      kind === 'residue' ? lookForResidue(context, run) : doRowStep(context, run, { kind, own }, scope),
    );
  },
  certify: async (context, plan, results) => {
    const inputs = planInputs(plan, eraseInputs);
    return {
      subject: [],
      predicateType: 'urn:postern:predicate:subject-erase:v1',
      predicate: predicateOf(plan, inputs, results, {
        map: await context.map(),
        horizon: await context.horizon(),
      }),
    };
  },
  leftovers: async (context, plan) => {
    const there = await withWriter(context, (db) => isFrozen(db, workOf(plan.id)));
    return there
      ? [
          `the work tables ${workOf(plan.id).schema}.${workOf(plan.id).prefix}_… name the rows and the persons: drop them, or have the plan applied to its end`,
        ]
      : [];
  },
};

/** Writes down what the plan treats, once more, and compares: nothing is destroyed that nobody approved. */
function freeze(context: EraseContext, plan: Plan, inputs: EraseInputs): Promise<JsonObject> {
  return freezeClosure(context, plan.id, async (db) => ({
    options: {
      seeds: context.subjects ?? (await personsOf(context, db, inputs)),
      tenant: inputs.tenant ?? undefined,
      onePerson: inputs.onePerson,
      isShared: await sharedOf(context, inputs),
      at: new Date(inputs.judgedAt),
    },
    check: async (closure) => {
      // A name may have been given in a spelling that stands nowhere; a name that nobody approved stands in no plan.
      const planned = new Set(inputs.persons.flat());
      const now = personHashes(await context.hasher(), closure).flat();
      requireSame(inputs, closure, now.every((hash) => planned.has(hash)) ? [] : ['who is meant']);
    },
  }));
}

/** Names that lead to nobody, by the hashes of the plan. */
async function sharedOf(context: EraseContext, { shared }: EraseInputs): Promise<SharedTest | undefined> {
  return sharedByHash(await context.hasher(), identitiesOf(mapModel(await context.map())), shared);
}

/** Who is meant, by the hashes of the plan; of whom nothing is there any more, nothing is left to do. */
async function personsOf(
  context: EraseContext,
  db: Parameters<typeof findByHash>[0],
  { persons }: EraseInputs,
): Promise<readonly KnownValues[]> {
  const { graph, tables } = await graphOf(db, await context.map());
  const hasher = await context.hasher();
  const found = await findByHash(db, { graph, hasher, tables, signal: context.signal }, persons);
  const planned = new Set(persons.flat());
  // Another spelling of a name, with a tag, is no name of the plan.
  const isPlanned = (kind: string, value: string): boolean =>
    hasher.all('ledger', kind, value).some((hash) => planned.has(hash));
  const seeds = found
    .map((known) => {
      const own = [...known].map(
        ([kind, values]) => [kind, new Set([...values].filter((value) => isPlanned(kind, value)))] as const,
      );
      return new Map(own.filter(([, { size }]) => size > 0));
    })
    .filter(({ size }) => size > 0);
  if (seeds.length > 0) return seeds;
  throw refused('nobody of this plan is in the platform’s database any more', {
    code: 'plan-stale',
    hints: [
      'where subjects.hmac_keys was changed, put the key back that the plan was made under',
      'else make the plan again',
    ],
  });
}

async function ledger(context: EraseContext, plan: Plan, inputs: EraseInputs): Promise<JsonObject> {
  const state = await context.state();
  const { profile } = context;
  await writeLedger(state, {
    profile,
    planId: plan.id,
    detail: {
      persons: inputs.persons,
      tenant: inputs.tenant,
      onePerson: inputs.onePerson,
      shared: inputs.shared,
    },
    at: context.clock.now(),
  });
  await recordHeld(context, plan.id, inputs.holds);
  return { ledger: 'written' };
}

/** Nothing of the work is left behind; what earlier erasures had to leave because of holds is settled by this one. */
async function tidy(context: EraseContext, plan: Plan, inputs: EraseInputs): Promise<JsonObject> {
  const { profile } = context;
  const { persons } = inputs;
  const holdsSettled = await settleReleased(await context.state(), { profile, planId: plan.id, persons });
  await withWriter(context, (db) => dropWork(db, workOf(plan.id)));
  return { holdsSettled };
}
