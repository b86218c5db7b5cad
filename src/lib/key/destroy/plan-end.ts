import type { KmsKey } from '../../cloud/kms.ts';
import { createPlan, type Plan } from '../../operation/plan.ts';
import { precondition } from '../../operation/staleness.ts';
import type { DestroyContext } from './context.ts';
import { lastRetirement } from './history/retirement.ts';
import type { DestroyInputs } from './inputs.ts';
import { destroyRules, proveUnneeded, requireUnneeded, retireRules } from './prove.ts';
import type { KeyRule } from './rule/rule.ts';
import { endingTarget, keyToEnd } from './target.ts';

export interface RetireOptions {
  /** Id or ARN; never an alias. */
  readonly key: string;
  readonly writerCacheSeconds: number;
}

export interface DestroyOptions extends RetireOptions {
  readonly soakSeconds: number;
  readonly waitingDays: number;
}

/** What speaks for and against ending a key, and what the plan will be built from. */
export interface Assessed {
  readonly key: KmsKey;
  readonly inputs: DestroyInputs;
  readonly rules: readonly KeyRule[];
}

/** Looks at what must hold before a key is disabled. Errors as `keyToEnd`. */
export async function assessRetire(context: DestroyContext, options: RetireOptions): Promise<Assessed> {
  return assess(context, retireRules, { ...options, soakSeconds: 0, waitingDays: null, retiredAt: null });
}

/** Looks at what must hold before a key is destroyed. Errors as `keyToEnd`. */
export async function assessDestroy(context: DestroyContext, options: DestroyOptions): Promise<Assessed> {
  const { arn } = await keyToEnd(context, options.key);
  const { at: retiredAt } = await lastRetirement(context, arn);
  return assess(context, destroyRules, { ...options, retiredAt });
}

async function assess(
  context: DestroyContext,
  names: typeof destroyRules,
  options: Omit<DestroyInputs, 'rules'>,
): Promise<Assessed> {
  const kms = await context.kms();
  const key = await keyToEnd(context, options.key);
  const soak = options.soakSeconds * 1000;
  const rules = await proveUnneeded({ context, kms, key, soak }, names);
  return { key, rules, inputs: { ...options, key: key.arn, rules: [...rules] } };
}

/**
 * Plans that a key is disabled, which can be undone.
 * @throws {PosternError} as `requireUnneeded`
 */
export async function planKeyRetire(
  context: DestroyContext,
  { key, inputs, rules }: Assessed,
): Promise<Plan> {
  requireUnneeded(key.arn, rules);
  return createPlan(context, {
    kind: 'key.retire',
    target: await endingTarget(context, key.arn),
    inputs: { ...inputs },
    steps: [
      proveStepOf(inputs),
      {
        kind: 'disable',
        summary: `disable ${key.arn}`,
        inputs: {},
        inverse: { kind: 'enable', inputs: { key: key.arn } },
      },
    ],
    preconditions: [keyPrecondition(key)],
    effects: { 'KMS keys disabled': 1 },
  });
}

/**
 * Plans that a key is destroyed after its waiting time, for ever. Two operators must approve it, whatever the profile
 * says.
 * @throws {PosternError} as `requireUnneeded`
 */
export async function planKeyDestroy(
  context: DestroyContext,
  { key, inputs, rules }: Assessed,
): Promise<Plan> {
  requireUnneeded(key.arn, rules);
  return createPlan(context, {
    kind: 'key.destroy',
    target: await endingTarget(context, key.arn),
    inputs: { ...inputs },
    steps: [
      proveStepOf(inputs),
      {
        kind: 'schedule',
        summary: `destroy the KMS key ${key.arn} after ${inputs.waitingDays} days: what is still under it is then lost for ever`,
        inputs: {},
        inverse: { kind: 'cancel-and-enable', inputs: { key: key.arn } },
      },
    ],
    preconditions: [keyPrecondition(key)],
    effects: { 'KMS keys destroyed': 1 },
  });
}

const proveStepOf = ({
  key,
  writerCacheSeconds,
  soakSeconds,
  rules,
}: DestroyInputs): Plan['body']['steps'][number] => ({
  kind: 'prove',
  summary: `prove twice, ${writerCacheSeconds} s apart, that nothing needs ${key}: ${rules.length} rules${
    soakSeconds === 0 ? '' : `, disabled and not used for ${soakSeconds / 3600} h`
  }`,
  inputs: {},
});

/** A key that was enabled or disabled meanwhile is to be looked at again by whoever approves. */
export const keyPrecondition = ({ arn, state }: Pick<KmsKey, 'arn' | 'state'>) =>
  precondition('state of the KMS key', { arn, state });
