import { partial, refused } from '../../base/error.ts';
import type { Client } from '../../base/postgres.ts';
import type { JsonObject } from '../../crypto/canonical-json.ts';
import { recordDeferred } from '../hold/index.ts';
import { type Closure, type ClosureOptions, closureOf } from './closure/closure.ts';
import { type HeldRows, markHeld } from './closure/holds.ts';
import { isFrozen, openWork, workOf } from './closure/work.ts';
import type { EraseContext } from './context.ts';
import { currentHolds } from './holds.ts';
import { type EraseInputs, stepInputs } from './inputs.ts';
import { openProgress, shortTransactions } from './run/batches.ts';
import { deleteObjects } from './run/objects.ts';
import { refreshCopies } from './run/refresh.ts';
import { rewriteObjects } from './run/rewrite.ts';
import { changeTable, deleteTables, emptyReferences, treatLate } from './run/rows.ts';
import { type ErasureRun, keepPersons, type ReadRun, readRun } from './run/run.ts';
import { withWriter } from './sessions.ts';

/** What every plan that erases says about its rows. */
export interface ErasedRows extends Pick<EraseInputs, 'tenant' | 'judgedAt' | 'rows' | 'objects' | 'holds'> {
  readonly planId: string;
  readonly wholeTenant?: boolean;
}

/**
 * One step of those that any erasure has: of rows, of objects, and of what the database makes of rows.
 * @param kind of `rowSteps`, or `late`, `objects`, `refresh`
 */
export async function doRowStep(
  context: EraseContext,
  opened: ErasureRun,
  { kind, own }: { readonly kind: string; readonly own: JsonObject },
  { planId, rows }: ErasedRows,
): Promise<JsonObject> {
  const step = stepInputs.parse(own);
  const run = { ...opened, keepHeld: () => keepNewlyHeld(context, opened, planId) };
  if (kind !== 'refresh') await run.keepHeld();
  switch (kind) {
    case 'unlink':
    case 'untie':
      return emptyReferences(run, step);
    case 'change':
      return changeTable(run, step.tables[0] ?? '');
    case 'rewrite':
      return rewriteObjects(run, step.tables[0] ?? '', await context.buckets());
    case 'delete':
      return deleteTables(run, step);
    case 'late':
      return { rows: await treatLate(run) };
    case 'objects':
      return deleteObjects(run, await context.buckets());
    case 'refresh':
      return refreshCopies(run, [...new Set(rows.map(({ table }) => table))]);
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

export async function recordHeld(
  context: EraseContext,
  planId: string,
  held: readonly HeldRows[],
): Promise<void> {
  const state = await context.state();
  const { profile } = context;
  for (const { hold, table, rows } of held) {
    await recordDeferred(state, { profile, planId, holdNumber: hold, table, rows });
  }
}

interface Freezing {
  readonly options: Pick<
    ClosureOptions,
    'seeds' | 'tenant' | 'onePerson' | 'isShared' | 'wholeTenant' | 'at'
  >;
  /** @throws {PosternError} where it is not what the plan says */
  readonly check: (closure: Closure) => Promise<void>;
}

/** Writes the rows and objects into work tables that outlive the session: all of it, or nothing. */
export async function freezeClosure(
  context: EraseContext,
  planId: string,
  begin: (db: Client) => Promise<Freezing>,
): Promise<JsonObject> {
  const work = workOf(planId);
  return withWriter(context, async (db) => {
    if (await isFrozen(db, work)) return { rows: 'frozen' };
    const map = await context.map();
    await db.query('set statement_timeout = 0');
    await openWork(db, work);
    await db.query('begin isolation level repeatable read');
    const { options, check } = await begin(db);
    const closure = await closureOf(db, {
      ...options,
      map,
      work,
      holds: await currentHolds(context, map),
      signal: context.signal,
      onTable: (table) => context.progress.detail(table),
    });
    await check(closure);
    await keepPersons(db, closure);
    await openProgress(db, work);
    await db.query('commit');
    return { rows: 'frozen' };
  });
}

/**
 * @param others what else changed
 * @throws {PosternError} exit 6, `plan-stale`
 */
export function requireSame(
  inputs: Pick<EraseInputs, 'rows' | 'objects' | 'holds'>,
  { rows, objects, held }: Closure,
  others: readonly string[] = [],
): void {
  const changed = [
    ...others,
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
    ...(same(inOrder(inputs.holds), inOrder(held)) ? [] : ['the holds']),
  ];
  if (changed.length === 0) return;
  throw refused(`changed since the plan was made: ${changed.join(', ')}`, {
    code: 'plan-stale',
    hints: [
      'nothing was erased; make the plan again',
      'where mail comes all the time, stop what writes first: suspend the account, or every account of the tenant',
    ],
  });
}

/** Plans of before have them in another order. */
const inOrder = (holds: readonly HeldRows[]): readonly HeldRows[] =>
  holds.toSorted((a, b) => a.hold - b.hold || (a.table < b.table ? -1 : 1));

const same = (one: unknown, other: unknown): boolean => canonical(one) === canonical(other);

const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );

/** Milliseconds: whoever else needs a row waits no longer for us than we for them. */
const lockTimeout = 2000;

/**
 * By plan: a map of 300 tables has twice as many steps, and each would read the catalog again. It cannot change
 * meanwhile in a way that matters: statements about what is gone fail.
 */
const readRuns = new WeakMap<EraseContext, Map<string, ReadRun>>();

/**
 * Takes up an erasure whose rows are frozen.
 * @throws {PosternError} exit 7, `erase-work-gone`
 */
export async function withRun(
  context: EraseContext,
  { planId, tenant, wholeTenant = false, judgedAt }: ErasedRows,
  work: (run: ErasureRun) => Promise<JsonObject>,
): Promise<JsonObject> {
  return withWriter(context, async (db) => {
    await db.query(`set statement_timeout = 0; set lock_timeout = ${lockTimeout}`);
    if (!(await isFrozen(db, workOf(planId)))) {
      throw partial('the work tables of this erasure are gone', {
        code: 'erase-work-gone',
        hints: ['a restore of the platform took them: make a new plan, which finds what is there now'],
      });
    }
    const transactions = shortTransactions(db, context.signal);
    const known = readRuns.get(context) ?? new Map<string, ReadRun>();
    readRuns.set(context, known);
    const read =
      known.get(planId) ??
      (await readRun(transactions, {
        map: await context.map(),
        work: workOf(planId),
        tenant: tenant ?? undefined,
        wholeTenant,
        at: new Date(judgedAt),
        pseudonym: await context.pseudonym(),
      }));
    known.set(planId, read);
    return work({ ...read, transactions });
  });
}
