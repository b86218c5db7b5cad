import { PosternError, partial } from '../../base/error.ts';
import type { Client } from '../../base/postgres.ts';
import type { KmsService } from '../../cloud/kms-service.ts';
import { rotationSettled } from '../../cloud/kms-settled.ts';
import type { JsonObject } from '../../crypto/canonical-json.ts';
import type { StepJournal } from '../../operation/plan-kind.ts';
import type { KeyContext } from '../context.ts';
import type { KeyringTable } from '../keyring/keyring-table.ts';
import { wrappedKeysAfter } from '../keyring/read-keys.ts';
import type { KekInputs } from './inputs.ts';
import { usedKeks } from './keks.ts';
import { rewrapPage } from './rewrap-page.ts';

/** A step of a rotation with what it works on. */
export interface KekStep {
  readonly context: KeyContext;
  readonly inputs: KekInputs;
  readonly keyring: KeyringTable;
  readonly db: Client;
  readonly kms: KmsService;
  readonly journal: StepJournal;
}

/** Begins the rotation, once: AWS allows 25 in a key's life, so that a lost answer is looked after, not asked again. */
export async function rotateStep({ inputs, kms, journal }: KekStep): Promise<JsonObject> {
  const { to, materialBefore } = inputs;
  const asked = journal.lastCheckpoint !== undefined;
  const { inProgressSince } = await kms.rotationStatus(to);
  const current = await kms.currentMaterial(to);
  const hasBegun = inProgressSince !== undefined || (current ?? null) !== materialBefore;
  if (asked && hasBegun) return { asked: true };
  if (!asked) await journal.checkpoint({ asked: true });
  await kms.rotateKey(to).catch((error: unknown) => {
    // It was asked for before, and the service has not shown it yet.
    const isUnderWay = asked && error instanceof PosternError && error.code === 'kms-rotation-pending';
    if (!isUnderWay) throw error;
  });
  return { asked: true };
}

/** @throws {PosternError} exit 7 `kms-rotation-unsettled` */
export async function awaitStep({ context, inputs, kms }: KekStep): Promise<JsonObject> {
  const { to, materialBefore } = inputs;
  const material = await rotationSettled(kms, to, materialBefore ?? undefined, {
    signal: context.signal,
    clock: context.clock,
  });
  return { materialBefore, material: material ?? null };
}

export async function moveAliasStep({ inputs, kms }: KekStep): Promise<JsonObject> {
  if (inputs.alias !== null) await kms.moveAlias(inputs.alias, inputs.to);
  return { alias: inputs.alias };
}

/**
 * Wraps every data key of the keyring anew that is not as it is to be.
 * @throws {PosternError} exit 7 `key-not-rewrapped`: some cannot be; they stay as they are
 */
export async function rewrapStep({
  context,
  inputs,
  keyring,
  db,
  kms,
  journal,
}: KekStep): Promise<JsonObject> {
  const calls = context.kmsCalls();
  const startedAt = performance.now();
  const counts = await rewrapAll({ context, inputs, keyring, db, kms, journal });
  const seconds = Number(((performance.now() - startedAt) / 1000).toFixed(3));
  return { ...counts, kmsCalls: context.kmsCalls() - calls, seconds };
}

async function rewrapAll({ context, inputs, keyring, db, kms, journal }: KekStep) {
  const { batchSize, to } = inputs;
  const former = inputs.mode === 'material' ? (inputs.materialBefore ?? undefined) : undefined;
  const isDone = await doneAlready({ inputs, keyring, kms });
  let { rewrapped, moved } = countsOf(journal);
  const refused: { readonly id: string; readonly reason: string }[] = [];
  const shown = context.progress.step(`data keys of ${keyring.table}`, { total: inputs.forecast.keys });
  for (let after: string | undefined; ; ) {
    context.signal.throwIfAborted();
    const page = await wrappedKeysAfter(db, keyring, { after, limit: batchSize });
    after = page.at(-1)?.id;
    if (after === undefined) break;
    const todo = page.filter((key) => !isDone(key));
    const outcome = await rewrapPage({ db, kms, keyring, to, former }, todo);
    rewrapped += outcome.rewrapped;
    moved += outcome.moved;
    refused.push(...outcome.refused);
    shown.advance(page.length);
    await journal.checkpoint({ rewrapped, moved });
  }
  shown.done();
  if (refused.length > 0) throw notRewrapped(refused);
  return { rewrapped, moved };
}

/**
 * Wraps anew what applications made under the older key meanwhile, and counts.
 * @throws {PosternError} exit 7 `key-not-rewrapped`: they still do
 */
export async function censusStep(step: KekStep): Promise<JsonObject> {
  const { inputs, keyring, db, kms } = step;
  // Without a column for it, nobody can tell from a row which material wrapped its key.
  const canTell = inputs.mode === 'key' || keyring.material !== undefined;
  const late = canTell ? await rewrapAll(step) : { rewrapped: 0 };
  const used = await usedKeks(db, kms, keyring);
  const left = used.filter(({ arn, material }) => arn !== inputs.to || isOld(material, inputs));
  if (left.length > 0) {
    const keys = left.reduce((sum, row) => sum + row.keys, 0);
    throw partial(`${keys} data keys were wrapped by an older key or material meanwhile`, {
      code: 'key-not-rewrapped',
      hints: ['see that applications name the new key, or its alias; then apply the plan again'],
    });
  }
  return { late: late.rewrapped, keys: used.reduce((sum, row) => sum + row.keys, 0) };
}

const isOld = (material: string | null, { mode, materialBefore }: KekInputs): boolean =>
  mode === 'material' && material !== null && material === materialBefore;

/** Which keys need nothing more: by the material where the keyring keeps it, else by the KMS key. */
async function doneAlready({ inputs, keyring, kms }: Pick<KekStep, 'inputs' | 'keyring' | 'kms'>) {
  const current = await kms.currentMaterial(inputs.to);
  const { arn, keyId } = await kms.describeKey(inputs.to);
  return ({ kek, material }: { readonly kek: string; readonly material?: string }): boolean => {
    if (kek !== arn && kek !== keyId) return false;
    if (inputs.mode === 'key') return true;
    return keyring.material !== undefined && material !== undefined && material === current;
  };
}

function countsOf({ lastCheckpoint }: StepJournal): { rewrapped: number; moved: number } {
  const last = (lastCheckpoint ?? {}) as { readonly rewrapped?: number; readonly moved?: number };
  return { rewrapped: last.rewrapped ?? 0, moved: last.moved ?? 0 };
}

function notRewrapped(refused: readonly { readonly id: string; readonly reason: string }[]) {
  const shown = refused.slice(0, 5).map(({ id, reason }) => `${id} (${reason})`);
  return partial(
    `${refused.length} data keys cannot be wrapped anew, and stay as they are: ${shown.join(', ')}`,
    {
      code: 'key-not-rewrapped',
      hints: ['repair or remove these rows of the keyring, then apply the plan again'],
    },
  );
}
