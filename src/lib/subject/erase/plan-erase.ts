import { counted } from '../../base/counted.ts';
import { usageError } from '../../base/error.ts';
import type { JsonObject } from '../../crypto/canonical-json.ts';
import { createPlan, type Plan, type PlanBody } from '../../operation/plan.ts';
import { databaseTarget } from '../../operation/target.ts';
import { mapModel } from '../../platform/map/index.ts';
import { sharedTest } from '../find/shared-names.ts';
import { identitiesOf } from '../identity/identities.ts';
import type { KnownValues } from '../identity/spots.ts';
import { hashesOfAll, hashesToStore, type NameHasher } from '../name-hash/index.ts';
import type { Closure } from './closure/closure.ts';
import type { Person } from './closure/persons.ts';
import { type FiredTrigger, firedTriggers } from './closure/triggers.ts';
import type { EraseContext } from './context.ts';
import { type EraseInputs, eraseInputs } from './inputs.ts';
import { plannedClosure } from './planned-closure.ts';
import { erasePreconditions } from './preconditions.ts';
import { rowSteps } from './row-steps.ts';

export interface EraseOptions {
  /** The names of each person, by kind of identity. */
  readonly seeds: readonly KnownValues[];
  readonly tenant: string | undefined;
  /** Whether rows of one table that names of one person lead to are that person. */
  readonly onePerson?: boolean | undefined;
  /** Names that several persons share, by kind of identity: they lead to nobody. */
  readonly shared?: KnownValues | undefined;
  readonly reason: string;
  readonly request: number | undefined;
}

export interface PlannedErase {
  readonly plan: Plan;
  readonly inputs: EraseInputs;
}

/**
 * Plans that persons are erased: finds every row and object that is theirs or names them, decides what becomes of each,
 * and looks at what that sets off. Nothing is kept of it but the plan.
 * @throws {PosternError} exit 2 `subject-unknown`, `name-shared`; exit 6 `subject-ambiguous`, `map-incomplete`, `erase-blocked`,
 * `role-cannot-write`, `row-security`
 */
export async function planErase(context: EraseContext, options: EraseOptions): Promise<PlannedErase> {
  const db = await context.openWriter();
  try {
    const at = context.clock.now();
    const { seeds, tenant, onePerson = false, shared = new Map(), reason, request } = options;
    const identities = identitiesOf(mapModel(await context.map()));
    const isShared = sharedTest(identities, shared, seeds);
    const hasher = await context.hasher();
    const closure = await plannedClosure(context, db, { seeds, tenant, onePerson, isShared, at });
    if (closure.rows.length === 0) throw nobody();
    const inputs: EraseInputs = {
      reason,
      tenant: tenant ?? null,
      onePerson,
      shared: [...hashesOfAll(hasher, 'ledger', identities, shared)].toSorted(),
      request: request ?? null,
      persons: personHashes(hasher, closure),
      judgedAt: at.toISOString(),
      ...closureInputs(closure),
    };
    const plan = createPlan(context, {
      kind: 'subject.erase',
      target: await databaseTarget(db),
      inputs: { ...inputs },
      steps: stepsOf(closure),
      preconditions: [...erasePreconditions(await context.map(), closure.catalog)],
      effects: { 'persons erased': closure.persons.length, ...effectsOf(closure) },
    });
    return { plan, inputs: eraseInputs.parse(inputs) };
  } finally {
    await db.end().catch(() => {});
  }
}

/** Nothing is anybody's of those who were given, and nothing names them. */
export function nobody(): Error {
  return usageError('nothing was found: no row is theirs, and none names them', {
    code: 'subject-unknown',
    hints: [
      '`postern subject find` tells what an address leads to; `postern subject residue` looks beyond the data map',
    ],
  });
}

/** The hashes of every name of each person, in an order that tells nothing. */
export function personHashes(
  hasher: NameHasher,
  { persons, task }: { readonly persons: readonly Person[]; readonly task: Closure['task'] },
): string[][] {
  return persons
    .map(({ known }) => [...hashesToStore(hasher, 'ledger', task.graph.identities, known)].toSorted())
    .toSorted((a, b) => ((a[0] ?? '') < (b[0] ?? '') ? -1 : 1));
}

/** What a plan says of its rows and of what they set off. */
export function closureInputs(
  closure: Closure,
): Pick<EraseInputs, 'rows' | 'objects' | 'holds' | 'keys' | 'triggers'> {
  const { rows, objects, held, keys } = closure;
  return {
    rows: rows.map(({ table, action, owned, rows: count, digest }) => ({
      table,
      action,
      owned,
      rows: count,
      digest,
    })),
    objects: objects.map((found) => ({ ...found })),
    holds: held.map((one) => ({ ...one })),
    keys: keys.map(({ key, from, to, stay, outcome, scanned }) => ({
      name: key.name,
      from,
      to,
      stay,
      outcome: outcome === 'blocked' ? 'none' : outcome,
      scanned,
    })),
    triggers: triggersOf(closure).map(({ name, effect, to }) => ({ name, effect, to: [...to] })),
  };
}

function triggersOf({ task, rows, keys }: Closure): readonly FiredTrigger[] {
  const events = new Map<string, Set<'update' | 'delete'>>();
  const note = (table: string, event: 'update' | 'delete'): void =>
    void events.set(table, (events.get(table) ?? new Set()).add(event));
  for (const { table, action, rows: count } of rows) {
    if (count === 0) continue;
    if (action === 'delete') note(table, 'delete');
    if (action === 'detach' || action === 'redact' || action === 'restrict') note(table, 'update');
  }
  for (const { outcome, from } of keys)
    if (outcome === 'unlink' || outcome === 'set-null') note(from, 'update');
  return [...events].flatMap(([table, some]) => {
    const treatment = task.treatments.get(table);
    return treatment === undefined ? [] : firedTriggers(task.graph.model, treatment, some);
  });
}

/** The steps by kind; what rows need stands in `rowSteps`. */
function stepsOf(closure: Closure): PlanBody['steps'][number][] {
  const { persons } = closure;
  const who = persons.length === 1 ? 'one person' : `${persons.length} persons`;
  return [
    planStep('freeze', `write down the rows and objects of ${who}, and compare them with the plan`),
    planStep('ledger', 'write the erasure into the ledger, to be repeated after restores'),
    ...destroyingSteps(closure),
    planStep('residue', 'look through the whole database and every object for what is left'),
    planStep('tidy', 'remove the work tables'),
  ];
}

export const planStep = (kind: string, summary: string) => ({ kind, summary, inputs: {} });

/** What is done to rows and objects, for whoever it is done. */
export function destroyingSteps(closure: Closure): PlanBody['steps'][number][] {
  const total = closure.objects.reduce((sum, one) => sum + one.objects, 0);
  return [
    ...rowSteps(closure).map(({ kind, summary, inputs }) => ({
      kind,
      summary,
      inputs: JSON.parse(JSON.stringify(inputs)) as JsonObject,
    })),
    planStep('late', 'treat what came meanwhile in the same way'),
    ...(total === 0 ? [] : [planStep('objects', `delete ${counted(total, 'object')} with all versions`)]),
    planStep('refresh', 'refresh materialised views and statistics that hold values still'),
  ];
}

export function effectsOf({ rows, objects }: Pick<Closure, 'rows' | 'objects'>): Record<string, number> {
  const names = {
    delete: 'rows deleted',
    detach: 'rows that others keep',
    redact: 'rows redacted',
    restrict: 'rows restricted',
    law: 'rows kept by law',
    hold: 'rows on hold',
    link: 'rows that refer by key alone',
  } as const;
  const effects: Record<string, number> = {};
  for (const { action, rows: count } of rows) effects[names[action]] = (effects[names[action]] ?? 0) + count;
  const total = objects.reduce((sum, one) => sum + one.objects, 0);
  return total === 0 ? effects : { ...effects, 'objects deleted': total };
}
