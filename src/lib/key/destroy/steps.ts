import { setTimeout as wait } from 'node:timers/promises';
import { partial, refused } from '../../base/error.ts';
import type { KmsKey } from '../../cloud/kms.ts';
import type { KmsService } from '../../cloud/kms-service.ts';
import { waitUntil } from '../../cloud/wait-until.ts';
import type { JsonObject } from '../../crypto/canonical-json.ts';
import { keyringsOf } from '../../platform/map/index.ts';
import { withKeyringLock } from '../keyring/lock.ts';
import type { DestroyContext } from './context.ts';
import { lastRetirement } from './history/retirement.ts';
import type { DestroyInputs } from './inputs.ts';
import { proveUnneeded, requireUnneeded } from './prove.ts';
import type { KeyRule, RuleName } from './rule/rule.ts';

/** A step of a plan that ends a key, with what it works on. */
export interface EndStep {
  readonly context: DestroyContext;
  readonly inputs: DestroyInputs;
  readonly kms: KmsService;
  readonly rules: readonly RuleName[];
}

/**
 * Counts data keys, waits until no application can remember the key, and looks at every rule. Killed, it begins anew:
 * both passes belong to one run.
 * @throws {PosternError} as `requireUnneeded`
 */
export async function proveStep(step: EndStep): Promise<JsonObject> {
  const { context, inputs } = step;
  const firstPassAt = context.clock.now().toISOString();
  await prove(step, ['no-data-key']);
  const seconds = inputs.writerCacheSeconds;
  context.progress.detail(`waiting ${seconds} s until no application can remember the key`);
  await wait(seconds * 1000, undefined, { signal: context.signal });
  const secondPassAt = context.clock.now().toISOString();
  return { firstPassAt, secondPassAt, rules: copy(await prove(step, step.rules)) };
}

/** Disables the key, and waits until the service says so everywhere it is asked. */
export async function disableStep(step: EndStep): Promise<JsonObject> {
  const { context, inputs, kms } = step;
  return atRest(context, async () => {
    const key = await kms.describeKey(inputs.key);
    const rules = copy(await prove(step, step.rules));
    if (key.state !== 'disabled') await kms.disableKey(key.keyId);
    await inState(context, kms, inputs.key, 'disabled');
    return { disabled: inputs.key, rules };
  });
}

/** Schedules the destruction; where an earlier run got that far, its date stands. */
export async function scheduleStep(step: EndStep): Promise<JsonObject> {
  const { context, inputs, kms } = step;
  return atRest(context, async () => {
    const key = await kms.describeKey(inputs.key);
    if (key.state === 'pending-deletion') return { deletionDate: key.deletionDate?.toISOString() ?? null };
    const rules = copy(await prove(step, step.rules));
    const { deletionDate } = await kms.scheduleKeyDeletion(key.keyId, inputs.waitingDays ?? 30);
    return { deletionDate: deletionDate.toISOString(), rules };
  });
}

async function prove(
  { context, inputs, kms }: EndStep,
  names: readonly RuleName[],
): Promise<readonly KeyRule[]> {
  const key = await kms.describeKey(inputs.key);
  const rules = await proveUnneeded({ context, kms, key, soak: inputs.soakSeconds * 1000 }, names);
  requireUnneeded(key.arn, rules);
  await requireSameRetirement(context, inputs);
  return rules;
}

/**
 * Who approved saw one proof: a destruction that was taken back since is not begun anew by their signatures.
 * @throws {PosternError} exit 6 `key-retired-anew`
 */
async function requireSameRetirement(
  context: DestroyContext,
  { key, retiredAt }: DestroyInputs,
): Promise<void> {
  if (retiredAt === null || (await lastRetirement(context, key)).at === retiredAt) return;
  throw refused(`${key} was enabled and retired again after this plan was made`, {
    code: 'key-retired-anew',
    hints: ['make a new plan, and have that approved'],
  });
}

/** Runs `work` while no plan works on a keyring of the platform: none can bring data keys under the key meanwhile. */
async function atRest<T>(context: DestroyContext, work: () => Promise<T>): Promise<T> {
  const keyrings = keyringsOf(await context.map()).map(({ table }) => table);
  const locked = keyrings
    .toSorted()
    .reduceRight<() => Promise<T>>((inner, keyring) => () => withKeyringLock(context, keyring, inner), work);
  return locked();
}

/**
 * Waits until the service shows a state that it was told: its servers learn of it one after the other.
 * @throws {PosternError} exit 7 `key-state-unsettled` after five minutes
 */
export async function inState(
  { signal, clock }: Pick<DestroyContext, 'signal' | 'clock'>,
  kms: KmsService,
  arn: string,
  state: KmsKey['state'],
): Promise<void> {
  const look = async () => ((await kms.describeKey(arn)).state === state ? { state } : undefined);
  const shown = await waitUntil(look, { timeoutMs: 300_000, everyMs: 2_000, signal, clock });
  if (shown !== undefined) return;
  throw partial(`${arn} was told to be ${state}, and the service does not show it yet`, {
    code: 'key-state-unsettled',
    hints: ['run it again in some minutes'],
  });
}

const copy = (rules: readonly KeyRule[]): KeyRule[] => rules.map((rule) => ({ ...rule }));
