import type { Client } from '../../base/postgres.ts';
import type { JsonObject } from '../../crypto/canonical-json.ts';
import { type Plan, planInputs } from '../../operation/plan.ts';
import type { PlanKind } from '../../operation/plan-kind.ts';
import { databaseTarget } from '../../operation/target.ts';
import { readCatalog } from '../../platform/catalog/index.ts';
import { erasePreconditions } from '../erase/preconditions.ts';
import { shortTransactions } from '../erase/run/batches.ts';
import { refreshCopies } from '../erase/run/refresh.ts';
import type { HoldMatcher } from '../hold/index.ts';
import { requireAsked } from '../request/index.ts';
import type { RectifyContext } from './context.ts';
import { correctTable } from './correct-table.ts';
import { type Correction, correctionOf } from './correction.ts';
import { rowHolds } from './holds.ts';
import { type RectifyInputs, rectifyInputs, rectifyStep } from './inputs.ts';
import { committedValues } from './values.ts';

export const subjectRectify: PlanKind<RectifyContext> = {
  kind: 'subject.rectify',
  danger: 'moderate',
  target: (context) => withWriter(context, databaseTarget),
  preconditions: async (context, plan) => {
    await requireAsked(context, planInputs(plan, rectifyInputs).request, 'rectification');
    return withWriter(context, async (db) => erasePreconditions(await context.map(), await readCatalog(db)));
  },
  applyStep: async (context, plan, index): Promise<JsonObject> => {
    const inputs = planInputs(plan, rectifyInputs);
    const step = plan.body.steps[index];
    return withWriter(context, async (db) => {
      await db.query(`set statement_timeout = 0; set lock_timeout = ${lockTimeout}`);
      const correction = await openCorrection(context, db, inputs);
      const holds = await rowHolds(context, correction);
      switch (step?.kind) {
        case 'correct':
          return correctTables(db, { correction, holds }, [rectifyStep.parse(step.inputs).table]);
        case 'late':
          return correctLate(db, { correction, holds }, lateTables(plan, inputs));
        case 'refresh':
          return refreshCopies(
            { transactions: shortTransactions(db, context.signal), catalog: correction.catalog },
            tablesOf(plan),
          );
        default:
          throw new TypeError(`a step of kind ${step?.kind ?? ''}`);
      }
    });
  },
  certify: async (_, plan, results) => ({
    subject: [],
    predicateType: 'urn:postern:predicate:subject-rectify:v1',
    predicate: predicateOf(plan, planInputs(plan, rectifyInputs), results),
  }),
};

/** Milliseconds: whoever else needs a row waits no longer for us than we for them. */
const lockTimeout = 2000;

async function withWriter<T>(context: RectifyContext, work: (db: Client) => Promise<T>): Promise<T> {
  const db = await context.openWriter();
  try {
    return await work(db);
  } finally {
    await db.end().catch(() => {});
  }
}

async function openCorrection(
  context: RectifyContext,
  db: Client,
  inputs: RectifyInputs,
): Promise<Correction> {
  const values = await committedValues(await context.hasher(), inputs, context.values);
  return correctionOf(db, {
    map: await context.map(),
    values,
    field: inputs.field,
    everywhere: inputs.everywhere,
    tenant: inputs.tenant ?? undefined,
    signal: context.signal,
  });
}

const tablesOf = ({ body }: Plan): readonly string[] =>
  body.steps.filter(({ kind }) => kind === 'correct').map(({ inputs }) => rectifyStep.parse(inputs).table);

/** Those that were corrected, and those that triggers wrote the old values to. */
const lateTables = (plan: Plan, { triggers }: RectifyInputs): readonly string[] => [
  ...new Set([...tablesOf(plan), ...triggers.flatMap(({ to }) => to)]),
];

interface Correcting {
  readonly correction: Correction;
  readonly holds: HoldMatcher | undefined;
}

/** @returns rows that changed, by `schema.table.column`, and how many a hold keeps */
async function correctTables(
  db: Client,
  { correction, holds }: Correcting,
  tables: readonly string[],
): Promise<{ rows: Record<string, number>; held: number }> {
  const rows: Record<string, number> = {};
  let held = 0;
  for (const table of tables) {
    const treatment = correction.treatments.get(table);
    if (treatment === undefined) continue;
    const done = await correctTable(db, correction, treatment, holds);
    for (const [column, count] of Object.entries(done.rows)) rows[`${table}.${column}`] = count;
    held += done.held;
  }
  return { rows, held };
}

/** A trigger that copies old values may write the old name again, each time a row changes. */
const mostRounds = 3;

async function correctLate(
  db: Client,
  correcting: Correcting,
  tables: readonly string[],
): Promise<JsonObject> {
  const found: Record<string, number> = {};
  let held = 0;
  for (let round = 1; round <= mostRounds; round += 1) {
    const done = await correctTables(db, correcting, tables);
    // Each round meets all of them again.
    held = done.held;
    if (Object.keys(done.rows).length === 0) break;
    for (const [place, count] of Object.entries(done.rows)) found[place] = (found[place] ?? 0) + count;
  }
  return { rows: found, held };
}

/** What the certificate says. @param results of the plan's steps, in order */
function predicateOf(plan: Plan, inputs: RectifyInputs, results: readonly JsonObject[]): JsonObject {
  const corrected = new Map<string, number>();
  for (const { rows } of results) {
    for (const [place, count] of Object.entries((rows ?? {}) as Record<string, number>)) {
      corrected.set(place, (corrected.get(place) ?? 0) + count);
    }
  }
  const of = (wanted: string) => results[plan.body.steps.findIndex(({ kind }) => kind === wanted)] ?? {};
  return {
    reason: inputs.reason,
    request: inputs.request,
    tenant: inputs.tenant,
    field: inputs.field,
    everywhere: inputs.everywhere,
    corrected: [...corrected].map(([place, rows]) => ({ place, rows })),
    left: inputs.places
      .filter(({ action }) => action !== 'change')
      .map(({ table, column, rows, action }) => ({
        table,
        column,
        rows,
        because: action === 'keep' ? 'the data map keeps it' : 'it is of others',
      })),
    /** Rows. */
    held: of('late')['held'] ?? 0,
    objections: [...inputs.objections],
    toTell: inputs.toTell.map((one) => ({ ...one })),
    triggers: inputs.triggers.map((one) => ({ ...one })),
    refreshed: of('refresh'),
    limits: [
      'what is encrypted, what lies in the object store, and backups hold the old value still',
      'whoever was given an export is not known here',
    ],
  };
}
