import { setTimeout as wait } from 'node:timers/promises';
import { failure } from '../../base/error.ts';
import type { Client } from '../../base/postgres.ts';
import type { JsonObject } from '../../crypto/canonical-json.ts';
import { hashKeyLength } from '../../crypto/keyed-hash.ts';
import type { Plan } from '../../operation/plan.ts';
import type { StepJournal } from '../../operation/plan-kind.ts';
import type { KeyContext } from '../context.ts';
import { makeFirstVersion } from '../keyring/first-version.ts';
import type { KeyVersion } from '../keyring/key-version.ts';
import { makeSuccessors, successorId } from '../keyring/make-versions.ts';
import { versionsOfKeyring } from '../keyring/read-keys.ts';
import { byKek } from '../keyring/usable-kek.ts';
import { measured } from '../walk/measured.ts';
import { retryQuarantine } from '../walk/second-pass.ts';
import { walkTableRows } from '../walk/walk-table-rows.ts';
import { activateVersion, drainVersion, stale } from './activate.ts';
import type { HashRow } from './hash-row.ts';
import { checkWork, clearWork, fillWork, type Hashing } from './hash-work.ts';
import { type HashedColumn, parityOf } from './hashed-column.ts';
import type { HmacInputs } from './inputs.ts';
import { allHashed, allRight, noneLeft, nothingQuarantined } from './leftovers.ts';
import { numberAfter } from './plan-hmac.ts';
import type { HmacScope } from './scope.ts';

/** A step of a rotation with what it works on. */
export interface StepTask {
  readonly context: KeyContext;
  readonly plan: Plan;
  readonly index: number;
  readonly inputs: HmacInputs;
  readonly scope: HmacScope;
  readonly db: Client;
  readonly journal: StepJournal;
}

/** The version whose hashes are made, or, to finish, are the right ones. */
export function workingVersionId({ plan, inputs }: Pick<StepTask, 'plan' | 'inputs'>): string {
  const { active, next } = inputs;
  return next === null
    ? (active?.id ?? '')
    : (next.id ?? successorId(plan.id, active?.id ?? 'first version'));
}

/** Makes the version that takes over, unless it is there. Nobody looks up by it yet, and every application writes it. */
export async function makeStep(task: StepTask): Promise<JsonObject> {
  const { context, plan, inputs, scope, db } = task;
  const measure = await measured(context, db);
  const { active, next, kek } = inputs;
  let made = 0;
  if (next?.id === null && active === null) {
    const first = { id: workingVersionId(task), kek: kek ?? '' };
    made = await makeFirstVersion(db, await context.kms(), scope.keyring, first);
  } else if (next?.id === null && active !== null) {
    const old = scope.versions.filter(({ id }) => id === active.id);
    made = await makeSuccessors(db, await context.kms(), scope.keyring, old, {
      planId: plan.id,
      kek: kek ?? undefined,
      numberAfter: (highest) => numberAfter(highest, active.version),
    });
  }
  const versions = await versionsOfKeyring(db, scope.keyring);
  const found = versions.find(({ id }) => id === workingVersionId(task));
  if (found?.version !== next?.version) throw stale(scope.keyring.table);
  return { made, ...(await measure()) };
}

/** Waits until no application has the versions in memory as they were before. */
export async function awaitStep({ context, inputs, journal }: StepTask): Promise<JsonObject> {
  const startedAt = performance.now();
  const { lastCheckpoint: last } = journal;
  const kept = typeof last === 'object' && last !== null && 'since' in last ? last['since'] : undefined;
  const begun = typeof kept === 'string' ? kept : undefined;
  const since = begun ?? context.clock.now().toISOString();
  if (begun === undefined) await journal.checkpoint({ since });
  const left = Date.parse(since) + inputs.writerCacheSeconds * 1000 - context.clock.now().getTime();
  if (left > 0) {
    context.progress.detail(`waiting ${Math.ceil(left / 1000)} s until no application holds older versions`);
    await wait(left, undefined, { signal: context.signal });
  }
  return { seconds: Number(((performance.now() - startedAt) / 1000).toFixed(3)) };
}

/** Hashes every value that has no hash of the version, or another. */
export const fillStep = (task: StepTask): Promise<JsonObject> =>
  withHashing(task, (hashing) => walkAll(task, fillWork(hashing), hashing));

/**
 * The same once more over all rows, and what is in quarantine: what it writes, an application changed meanwhile without
 * knowing the version. Then nothing may be without its hash.
 * @throws {PosternError} exit 7: `key-quarantine`, `hash-missing`
 */
export const verifyStep = (task: StepTask): Promise<JsonObject> =>
  withHashing(task, async (hashing) => {
    const work = fillWork(hashing);
    const result = await walkAll(task, work, hashing);
    const pass = passOf(task, work);
    const retried = await retryQuarantine(task.context, pass);
    const left = await allHashed(task.context, pass, hashing);
    await nothingQuarantined(task.context, hashing);
    const late = Number(result['written'] ?? 0) + left;
    return { ...result, written: late + retried, late };
  });

/** From here on applications look up by the next version. */
export async function activateStep(task: StepTask): Promise<JsonObject> {
  const { context, inputs, scope, db } = task;
  const measure = await measured(context, db);
  const to = workingVersionId(task);
  const activated = await activateVersion(db, scope.keyring, { from: inputs.active?.id ?? null, to });
  return { activated, ...(await measure()) };
}

/**
 * Compares every hash of the active version before the first one of the old version is removed.
 * @throws {PosternError} exit 6, `hash-differs`
 */
export const checkStep = (task: StepTask): Promise<JsonObject> =>
  withHashing(task, async (hashing) => {
    const work = checkWork(hashing);
    const result = await walkAll(task, work, hashing);
    // Of an earlier run of this step, or repaired since.
    await retryQuarantine(task.context, passOf(task, work));
    await allRight(task.context, hashing);
    return result;
  });

/** From here on applications no longer write the old column. */
export async function drainStep({ context, inputs, scope, db }: StepTask): Promise<JsonObject> {
  const measure = await measured(context, db);
  return { drained: await drainVersion(db, scope.keyring, inputs.drained), ...(await measure()) };
}

/**
 * Removes the hashes of the old version where those of the active one are right.
 * @throws {PosternError} exit 7: `key-quarantine`, `hash-still-written`
 */
export const clearStep = (task: StepTask): Promise<JsonObject> =>
  withHashing(task, async (hashing) => {
    const work = clearWork(hashing);
    const result = await walkAll(task, work, hashing);
    const pass = passOf(task, work);
    const late = (await retryQuarantine(task.context, pass)) + (await noneLeft(task.context, pass, hashing));
    await nothingQuarantined(task.context, hashing);
    return { ...result, written: Number(result['written'] ?? 0) + late, late };
  });

const passOf = <Work>({ db, plan, inputs: { batchSize } }: StepTask, work: Work) => ({
  db,
  work,
  planId: plan.id,
  batchSize,
});

function walkAll(
  { context, plan, index, inputs, db }: StepTask,
  work: ReturnType<typeof fillWork>,
  { hashed }: Hashing,
): Promise<JsonObject> {
  const { table, relation, walkable } = hashed;
  const column = { table, relation, walkable, column: work.column };
  return walkTableRows<HashRow>(
    context,
    db,
    { walk: { planId: plan.id, step: index }, column, work },
    inputs,
  );
}

/** Does the work of a step that is about one column, with the key opened for as long as that lasts. */
async function withHashing(
  task: StepTask,
  work: (hashing: Hashing) => Promise<JsonObject>,
): Promise<JsonObject> {
  const { context, scope } = task;
  const version = scope.versions.find(({ id }) => id === workingVersionId(task));
  if (version === undefined) throw stale(scope.keyring.table);
  const before = context.kmsCalls();
  const key = await openHashKey(context, scope, version);
  const calls = context.kmsCalls() - before;
  try {
    const parity = parityOf(version.version);
    const result = await work({ hashed: hashedOf(task), key, parity, open: context.openDataKey });
    return { ...result, kmsCalls: Number(result['kmsCalls'] ?? 0) + calls };
  } finally {
    key.fill(0);
  }
}

async function openHashKey(
  context: KeyContext,
  { keyring }: HmacScope,
  version: KeyVersion,
): Promise<Uint8Array> {
  const key = await byKek(version.kek, () => context.openDataKey(version));
  if (key.length === hashKeyLength) return key;
  key.fill(0);
  throw failure(
    `version ${version.version} of ${keyring.table} has ${key.length} bytes, not ${hashKeyLength}`,
    {
      code: 'hmac-key-length',
    },
  );
}

function hashedOf({ plan, index, scope }: StepTask): HashedColumn {
  const wanted = plan.body.steps[index]?.inputs ?? {};
  const found = scope.hashes.find(
    ({ table, columns }) =>
      table === wanted['table'] && (columns.odd === wanted['column'] || columns.even === wanted['column']),
  );
  if (found === undefined)
    throw new Error(`the plan works on ${JSON.stringify(wanted)}, which is not in the map`);
  return found;
}
