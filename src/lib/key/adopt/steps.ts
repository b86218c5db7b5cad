import { counted } from '../../base/counted.ts';
import { partial, refused } from '../../base/error.ts';
import type { Client } from '../../base/postgres.ts';
import type { JsonObject } from '../../crypto/canonical-json.ts';
import type { Plan } from '../../operation/plan.ts';
import { tableName } from '../../platform/map/index.ts';
import { quoteIdentifier } from '../../platform/quote.ts';
import { keylessSubjects, makeFirstVersions } from '../keyring/first-versions.ts';
import { settleLeftColumns } from '../walk/left-columns.ts';
import { measured } from '../walk/measured.ts';
import { quarantineReasons } from '../walk/quarantine.ts';
import { retryQuarantine, workOnLeftovers } from '../walk/second-pass.ts';
import { walkTableRows } from '../walk/walk-table-rows.ts';
import { type AdoptRow, hasSource } from './adopt-row.ts';
import { type Adopting, checkWork, clearWork, sealWork } from './adopt-work.ts';
import type { AdoptContext } from './context.ts';
import type { AdoptInputs } from './inputs.ts';

/** A step of an adoption with what it works on. */
export interface StepTask {
  readonly context: AdoptContext;
  readonly plan: Plan;
  readonly index: number;
  readonly inputs: AdoptInputs;
  readonly adopting: Adopting;
  readonly db: Client;
}

/** Subjects that are looked for at once, and keys that are made in one statement. */
const pageSize = 20_000;
const batchSize = 500;

/** Makes a key for every subject that has none. What is made is not found again, so that it goes on by itself. */
export async function makeStep({ context, plan, inputs, adopting, db }: StepTask): Promise<JsonObject> {
  const measure = await measured(context, db);
  const kms = await context.kms();
  const { keyring, target } = adopting.adopted;
  const options = { planId: plan.id, kek: inputs.makeKeys ?? '' };
  let made = 0;
  for (;;) {
    const found = await keylessSubjects(db, keyring, target, {
      where: hasSource(adopting.adopted),
      limit: pageSize,
    });
    const before = made;
    for (let from = 0; from < found.length; from += batchSize) {
      context.signal.throwIfAborted();
      made += await makeFirstVersions(db, kms, keyring, found.slice(from, from + batchSize), options);
    }
    if (made === before) return { made, ...(await measure()) };
  }
}

/** Encrypts every value whose encrypted one is missing or another. */
export const walkStep = (task: StepTask): Promise<JsonObject> => walkAll(task, sealWork(task.adopting));

/** The same once more over all rows: what it writes, an application changed meanwhile. */
export async function verifyStep(task: StepTask): Promise<JsonObject> {
  const result = await walkAll(task, sealWork(task.adopting));
  return { ...result, late: result['written'] ?? 0 };
}

/**
 * What the walks could not reach is tried again.
 * @throws {PosternError} exit 7, `key-quarantine`: values that cannot be encrypted are left
 */
export async function settleStep(task: StepTask): Promise<JsonObject> {
  const { context, plan, inputs, adopting, db } = task;
  const measure = await measured(context, db);
  const pass = { db, work: sealWork(adopting), planId: plan.id, batchSize: inputs.batchSize };
  const { target, source } = adopting.adopted;
  const isLeft = source === undefined ? '' : ` and ${quoteIdentifier(target.column)} is null`;
  await settleLeftColumns(context, db);
  const retried = await retryQuarantine(context, pass);
  const left = await workOnLeftovers(context, pass, {
    text: `${hasSource(adopting.adopted)}${isLeft}`,
    values: [],
  });
  const reasons = source === undefined ? await leftInClear(task) : await reasonsOf(task);
  if (reasons !== undefined) throw quarantined(reasons);
  return { written: retried + left, late: retried + left, ...(await measure()) };
}

/**
 * Compares every encrypted value with the one in clear before the first is removed.
 * @throws {PosternError} exit 6, `adopt-differs`
 */
export async function checkStep(task: StepTask): Promise<JsonObject> {
  const { context, plan, inputs, adopting, db } = task;
  const work = checkWork(adopting);
  const result = await walkAll(task, work);
  // Of an earlier run of this step, or repaired since.
  await retryQuarantine(context, { db, work, planId: plan.id, batchSize: inputs.batchSize });
  const reasons = await reasonsOf(task);
  if (reasons === undefined) return result;
  throw refused(`nothing is removed, because values do not open to what stands in clear: ${reasons}`, {
    code: 'adopt-differs',
    hints: [
      '`postern key quarantine` lists the rows',
      'repair them, or let `postern key adopt` encrypt what stands in clear once more',
    ],
  });
}

/**
 * Removes what stands in clear, row by row, where the encrypted value opens to the same at that moment.
 * @throws {PosternError} exit 7, `key-quarantine`
 */
export async function clearStep(task: StepTask): Promise<JsonObject> {
  const { context, plan, inputs, adopting, db } = task;
  const work = clearWork(adopting);
  const result = await walkAll(task, work);
  const pass = { db, work, planId: plan.id, batchSize: inputs.batchSize };
  const late = await retryQuarantine(context, pass);
  const reasons = await reasonsOf(task);
  if (reasons !== undefined) throw quarantined(reasons);
  return { ...result, written: Number(result['written'] ?? 0) + late, late };
}

function walkAll(
  { context, plan, index, inputs, adopting, db }: StepTask,
  work: ReturnType<typeof sealWork>,
): Promise<JsonObject> {
  const walk = { planId: plan.id, step: index };
  return walkTableRows<AdoptRow>(context, db, { walk, column: adopting.adopted.target, work }, inputs);
}

/** In place, what another plan could not encrypt again is in the same quarantine, and no matter of this one. */
async function leftInClear({ adopting: { adopted }, db }: StepTask): Promise<string | undefined> {
  const { table, column } = adopted.target;
  const { rows } = await db.query<{ values: string }>(
    `select count(*) as values from ${tableName(table)} where ${hasSource(adopted)}`,
  );
  const values = Number(rows[0]?.values ?? 0);
  return values === 0 ? undefined : `${counted(values, 'value')} of ${table}.${column} in clear`;
}

/** What is in quarantine, in words. */
async function reasonsOf({
  context,
  inputs: { table, column, source },
}: StepTask): Promise<string | undefined> {
  const of = { profile: context.profile, table, column: source ?? column };
  const reasons = Object.entries(await quarantineReasons(await context.state(), of));
  if (reasons.length === 0) return undefined;
  return reasons
    .map(([reason, values]) => `${counted(values, 'value')} of ${of.table}.${of.column} (${reason})`)
    .join(', ');
}

const quarantined = (reasons: string) =>
  partial(`in quarantine: ${reasons}`, {
    code: 'key-quarantine',
    hints: [
      '`postern key quarantine` lists the rows; each stays as it is',
      'repair or remove them, then apply the plan again: it tries each once more',
    ],
  });
