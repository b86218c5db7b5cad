import { setTimeout as wait } from 'node:timers/promises';
import { counted } from '../../base/counted.ts';
import { partial } from '../../base/error.ts';
import type { Client } from '../../base/postgres.ts';
import type { JsonObject } from '../../crypto/canonical-json.ts';
import type { Plan } from '../../operation/plan.ts';
import type { StepJournal } from '../../operation/plan-kind.ts';
import type { KeyContext } from '../context.ts';
import { activateSuccessors, retireOlderActive } from '../keyring/activate-versions.ts';
import { condemnVersions, countActive, isCompromised } from '../keyring/compromised.ts';
import { drainVersions } from '../keyring/drain.ts';
import type { KeyVersion } from '../keyring/key-version.ts';
import { makeSuccessors, newestActive } from '../keyring/make-versions.ts';
import { settleLeftColumns } from '../walk/left-columns.ts';
import { measured } from '../walk/measured.ts';
import { quarantineReasons } from '../walk/quarantine.ts';
import { firstStart } from '../walk/walk-part.ts';
import { walkTableRows } from '../walk/walk-table-rows.ts';
import { columnOfStep } from './column-of-step.ts';
import { countShredded } from './count-shredded.ts';
import type { ReencryptInputs } from './inputs.ts';
import { reencryptWork } from './reencrypt-work.ts';
import type { KeyringScope } from './scope.ts';
import { settleColumn } from './settle.ts';

/** A step of a re-encryption with what it works on. */
export interface StepTask {
  readonly context: KeyContext;
  readonly plan: Plan;
  readonly index: number;
  readonly inputs: ReencryptInputs;
  readonly scope: KeyringScope;
  readonly db: Client;
  readonly journal: StepJournal;
}

/** Keys of a keyring that are worked on at once. */
const pageSize = 500;

/** Makes a pre-active successor for the active version of every subject. */
export async function makeStep({ context, plan, inputs, scope, db, journal }: StepTask): Promise<JsonObject> {
  const measure = await measured(context, db);
  const kms = await context.kms();
  const from = lastOf(journal);
  let made = Number(from?.['made'] ?? 0);
  for await (const { keys, last } of newestActive(db, scope.keyring, { after: idOf(from), pageSize })) {
    context.signal.throwIfAborted();
    made += await makeSuccessors(db, kms, scope.keyring, toReplace(inputs, keys), {
      planId: plan.id,
      kek: inputs.kek ?? undefined,
    });
    await journal.checkpoint({ after: last, made });
  }
  return { made, ...(await measure()) };
}

/** From here on applications encrypt under the successors. */
export async function activateStep({
  context,
  plan,
  inputs,
  scope,
  db,
  journal,
}: StepTask): Promise<JsonObject> {
  const measure = await measured(context, db);
  const { compromised } = inputs;
  const from = lastOf(journal);
  let activated = Number(from?.['activated'] ?? 0);
  for await (const { keys, last } of newestActive(db, scope.keyring, { after: idOf(from), pageSize })) {
    context.signal.throwIfAborted();
    activated += await activateSuccessors(
      db,
      scope.keyring,
      toReplace(inputs, keys),
      plan.id,
      compromised === null ? 'decrypt-only' : 'compromised',
    );
    await journal.checkpoint({ after: last, activated });
  }
  await retireOlderActive(db, scope.keyring);
  if (compromised !== null) await condemnVersions(db, scope.keyring, compromised);
  return { activated, ...(await measure()) };
}

function toReplace({ compromised }: ReencryptInputs, keys: readonly KeyVersion[]): readonly KeyVersion[] {
  return compromised === null ? keys : keys.filter((key) => isCompromised(compromised, key));
}

/** Encrypts every value of a column again that is not under its subject's active key. */
export async function walkStep({ context, plan, index, inputs, scope, db }: StepTask): Promise<JsonObject> {
  const column = columnOfStep(plan, index, scope.columns);
  const walk = { planId: plan.id, step: index };
  const work = reencryptWork({ column, keyring: scope.keyring, open: context.openDataKey });
  return walkTableRows(context, db, { walk, column, work }, inputs);
}

/**
 * The end: what the walk could not reach is tried again once no application can hold an older key any more, and keys
 * that no value names are drained.
 * @throws {PosternError} exit 7, `key-quarantine`: values that cannot be encrypted again are left; `key-still-made`:
 * applications make data keys under a compromised KMS key
 */
export async function settleStep(task: StepTask): Promise<JsonObject> {
  const { context, plan, inputs, scope, db, journal } = task;
  const measure = await measured(context, db);
  await writersHaveForgotten(context, plan.id, inputs.writerCacheSeconds);
  // What earlier runs of this step did counts too, though they found values that could not be encrypted again.
  const from = lastOf(journal);
  let written = Number(from?.['written'] ?? 0);
  let drained = Number(from?.['drained'] ?? 0);
  await settleLeftColumns(context, db);
  const left: string[] = [];
  for (const column of scope.columns) {
    const { batchSize } = inputs;
    const { keyring } = scope;
    written += await settleColumn(context, { db, column, keyring, planId: plan.id, batchSize });
    const of = { profile: context.profile, table: column.table, column: column.column };
    const reasons = Object.entries(await quarantineReasons(await context.state(), of));
    left.push(
      ...reasons.map(
        ([reason, values]) => `${counted(values, 'value')} of ${of.table}.${of.column} (${reason})`,
      ),
    );
  }
  drained += await drainVersions(db, scope.keyring, scope.columns);
  await journal.checkpoint({ written, drained });
  await requireNoneMade(db, scope, inputs);
  if (left.length === 0) {
    const shredded = await countShredded(db, scope);
    return { written, drained, shredded, ...(await measure()) };
  }
  throw partial(`in quarantine: ${left.join(', ')}`, {
    code: 'key-quarantine',
    hints: [
      '`postern key quarantine` lists the rows; each stays as it is, under its old key',
      'repair or remove them, then apply the plan again: it tries each once more',
    ],
  });
}

async function requireNoneMade(
  db: Client,
  { keyring }: KeyringScope,
  { compromised }: ReencryptInputs,
): Promise<void> {
  if (compromised?.what !== 'kek') return;
  const active = await countActive(db, keyring, compromised);
  if (active === 0) return;
  throw partial(
    `applications have made ${counted(active, 'data key')} in ${keyring.table} under the compromised KMS key since`,
    {
      code: 'key-still-made',
      hints: [
        'let them wrap with the new KMS key, then run `postern key compromise` again: it replaces these too',
      ],
    },
  );
}

/** An application may write under a key that it has in memory, for as long as its cache keeps it. */
async function writersHaveForgotten(context: KeyContext, planId: string, seconds: number): Promise<void> {
  const started = await firstStart(await context.state(), planId);
  if (started === undefined) return;
  const until = started.getTime() + seconds * 1000 - context.clock.now().getTime();
  if (until <= 0) return;
  context.progress.detail(`waiting ${Math.ceil(until / 1000)} s until no application holds an older key`);
  await wait(until, undefined, { signal: context.signal });
}

function lastOf({ lastCheckpoint }: StepJournal): JsonObject | undefined {
  const isObject =
    typeof lastCheckpoint === 'object' && lastCheckpoint !== null && !Array.isArray(lastCheckpoint);
  return isObject ? (lastCheckpoint as JsonObject) : undefined;
}

function idOf(checkpoint: JsonObject | undefined): string | undefined {
  const after = checkpoint?.['after'];
  return typeof after === 'string' ? after : undefined;
}
