import { partial, refused } from '../../base/error.ts';
import type { JsonObject } from '../../crypto/canonical-json.ts';
import { type Plan, planInputs } from '../../operation/plan.ts';
import type { PlanKind } from '../../operation/plan-kind.ts';
import { databaseTarget } from '../../operation/target.ts';
import { readCatalog } from '../../platform/catalog/index.ts';
import { recordDeferred } from '../hold/index.ts';
import type { KnownValues } from '../identity/spots.ts';
import { closureOf } from './closure/closure.ts';
import { type HeldRows, markHeld } from './closure/holds.ts';
import { dropWork, isFrozen, openWork, workOf } from './closure/work.ts';
import type { EraseContext } from './context.ts';
import { graphOf } from './graph-of.ts';
import { currentHolds } from './holds.ts';
import { type EraseInputs, eraseInputs, stepInputs } from './inputs.ts';
import { findByHash } from './ledger/find-by-hash.ts';
import { settleReleased, writeLedger } from './ledger/ledger.ts';
import { personHashes } from './plan-erase.ts';
import { erasePreconditions } from './preconditions.ts';
import { predicateOf } from './predicate.ts';
import { openProgress, shortTransactions } from './run/batches.ts';
import { deleteObjects } from './run/objects.ts';
import { refreshCopies } from './run/refresh.ts';
import { lookForResidue } from './run/residue.ts';
import { changeTable, deleteTables, emptyReferences, treatLate } from './run/rows.ts';
import { type ErasureRun, keepPersons, openRun } from './run/run.ts';
import { withWriter } from './sessions.ts';

export const subjectErase: PlanKind<EraseContext> = {
  kind: 'subject.erase',
  danger: 'severe',
  target: (context) => withWriter(context, databaseTarget),
  preconditions: (context) =>
    withWriter(context, async (db) => erasePreconditions(await context.map(), await readCatalog(db))),
  applyStep: async (context, plan, index): Promise<JsonObject> => {
    const inputs = planInputs(plan, eraseInputs);
    const { kind = '', inputs: own } = plan.body.steps[index] ?? { inputs: {} };
    if (kind === 'freeze') return freeze(context, plan, inputs);
    if (kind === 'ledger') return ledger(context, plan, inputs);
    if (kind === 'tidy') return tidy(context, plan, inputs);
    return withRun(context, plan, inputs, (run) =>
      doStep(context, run, { kind, own, planId: plan.id }, inputs),
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

async function doStep(
  context: EraseContext,
  run: ErasureRun,
  { kind, own, planId }: { readonly kind: string; readonly own: JsonObject; readonly planId: string },
  inputs: EraseInputs,
): Promise<JsonObject> {
  const step = stepInputs.parse(own);
  if (kind !== 'refresh' && kind !== 'residue') await keepNewlyHeld(context, run, planId);
  const touched = [...new Set(inputs.rows.map(({ table }) => table))];
  switch (kind) {
    case 'unlink':
    case 'untie':
      return emptyReferences(run, step);
    case 'change':
      return changeTable(run, step.tables[0] ?? '');
    case 'delete':
      return deleteTables(run, step);
    case 'late':
      return { rows: await treatLate(run) };
    case 'objects':
      return deleteObjects(run, await context.buckets());
    case 'refresh':
      return refreshCopies(run, touched);
    case 'residue':
      return lookForResidue(context, run, inputs);
    default:
      throw new TypeError(`a step of kind ${kind}`);
  }
}

/** A hold may come while the erasure is under way: what is there still stays. */
async function keepNewlyHeld(context: EraseContext, run: ErasureRun, planId: string): Promise<void> {
  const holds = await currentHolds(context, await context.map());
  if (holds === undefined) return;
  const { catalog, persons, task, transactions } = run;
  const held = await transactions.in(() => markHeld(transactions.db, task, { catalog, holds, persons }));
  await recordHeld(context, planId, held);
}

async function recordHeld(context: EraseContext, planId: string, held: readonly HeldRows[]): Promise<void> {
  const state = await context.state();
  const { profile } = context;
  for (const { hold, table, rows } of held) {
    await recordDeferred(state, { profile, planId, holdNumber: hold, table, rows });
  }
}

/** Writes down what the plan treats, once more, and compares: nothing is destroyed that nobody approved. */
async function freeze(context: EraseContext, plan: Plan, inputs: EraseInputs): Promise<JsonObject> {
  const work = workOf(plan.id);
  return withWriter(context, async (db) => {
    if (await isFrozen(db, work)) return { rows: 'frozen' };
    const map = await context.map();
    await db.query('set statement_timeout = 0');
    await openWork(db, work);
    await db.query('begin isolation level repeatable read');
    const { seeds, persons } = await personsOf(context, db, inputs);
    const closure = await closureOf(db, {
      map,
      seeds,
      tenant: inputs.tenant ?? undefined,
      at: new Date(inputs.judgedAt),
      work,
      holds: await currentHolds(context, map),
      signal: context.signal,
      onTable: (table) => context.progress.detail(table),
    });
    requireSame({ ...inputs, persons }, closure, personHashes(await context.hasher(), closure));
    await keepPersons(db, closure);
    await openProgress(db, work);
    await db.query('commit');
    return { rows: 'frozen' };
  });
}

/** Who is meant, and what the plan calls them; of whom nothing is there any more, nothing is left to do. */
async function personsOf(
  context: EraseContext,
  db: Parameters<typeof findByHash>[0],
  { persons }: EraseInputs,
): Promise<{ readonly seeds: readonly KnownValues[]; readonly persons: string[][] }> {
  if (context.subjects !== undefined) return { seeds: context.subjects, persons };
  const { graph, tables } = await graphOf(db, await context.map());
  const found = await findByHash(
    db,
    { graph, hasher: await context.hasher(), tables, signal: context.signal },
    persons,
  );
  const seeds = found.filter(({ size }) => size > 0);
  if (seeds.length > 0)
    return { seeds, persons: persons.filter((_, index) => (found[index]?.size ?? 0) > 0) };
  throw refused('nobody of this plan is in the platform’s database any more', {
    code: 'plan-stale',
    hints: [
      'where subjects.hmac_keys was changed, put the key back that the plan was made under',
      'else make the plan again',
    ],
  });
}

/** @throws {PosternError} exit 6, `plan-stale` */
function requireSame(
  inputs: EraseInputs,
  { rows, objects, held }: Awaited<ReturnType<typeof closureOf>>,
  persons: readonly (readonly string[])[],
): void {
  const changed = [
    ...(same(inputs.persons, persons) ? [] : ['who is meant']),
    ...(same(
      inputs.rows,
      rows.map(({ table, action, owned, rows: count, digest }) => ({
        table,
        action,
        owned,
        rows: count,
        digest,
      })),
    )
      ? []
      : ['the rows']),
    ...(same(inputs.objects, objects) ? [] : ['the objects']),
    ...(same(inputs.holds, held) ? [] : ['the holds']),
  ];
  if (changed.length === 0) return;
  throw refused(`changed since the plan was made: ${changed.join(', ')}`, {
    code: 'plan-stale',
    hints: [
      'nothing was erased; make the plan again',
      'where mail comes all the time, stop what writes for this person first: suspend the account',
    ],
  });
}

const same = (one: unknown, other: unknown): boolean => canonical(one) === canonical(other);

const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );

async function ledger(context: EraseContext, plan: Plan, inputs: EraseInputs): Promise<JsonObject> {
  const state = await context.state();
  const { profile } = context;
  await writeLedger(state, {
    profile,
    planId: plan.id,
    detail: { persons: inputs.persons, tenant: inputs.tenant },
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

/** Milliseconds: whoever else needs a row waits no longer for us than we for them. */
const lockTimeout = 2000;

async function withRun(
  context: EraseContext,
  plan: Plan,
  inputs: EraseInputs,
  work: (run: ErasureRun) => Promise<JsonObject>,
): Promise<JsonObject> {
  return withWriter(context, async (db) => {
    await db.query(`set statement_timeout = 0; set lock_timeout = ${lockTimeout}`);
    if (!(await isFrozen(db, workOf(plan.id)))) {
      throw partial('the work tables of this erasure are gone', {
        code: 'erase-work-gone',
        hints: ['a restore of the platform took them: make a new plan, which finds what is there now'],
      });
    }
    return work(
      await openRun(shortTransactions(db, context.signal), {
        map: await context.map(),
        work: workOf(plan.id),
        tenant: inputs.tenant ?? undefined,
        at: new Date(inputs.judgedAt),
        pseudonym: await context.pseudonym(),
      }),
    );
  });
}
