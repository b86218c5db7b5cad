import { usageError } from '../base/error.ts';
import { ExitCode } from '../base/exit-code.ts';
import {
  type Assessed,
  type DestroyContext,
  type DestroyOptions,
  enableRetiredKey,
  keyCalled,
  type RetireOptions,
  requireDisabled,
  requirePending,
  ruleText,
  undestroyKey,
} from '../key/destroy/index.ts';
import { longestWriterCache } from '../key/destroy/inputs.ts';
import type { KeyEnding } from '../key/destroy/results.ts';
import type { PosternContext } from './context.ts';
import { durationFlag } from './duration-flag.ts';
import { type Asking, confirmYes } from './prompt.ts';
import type { SubmittedPlan } from './submit-plan.ts';

/** @throws {PosternError} exit 2, `duration-invalid`, `writer-cache-too-long` */
export function retireOptions(key: string, flags: { readonly 'writer-cache': string }): RetireOptions {
  const writerCacheSeconds = secondsOf('writer-cache', flags['writer-cache']);
  if (writerCacheSeconds > longestWriterCache) {
    throw usageError(`--writer-cache ${flags['writer-cache']}: a step does not wait for more than a week`, {
      code: 'writer-cache-too-long',
      hints: ['let applications ask more often which key wraps'],
    });
  }
  return { key, writerCacheSeconds };
}

/** @throws {PosternError} exit 2, `soak-missing`; as `retireOptions` */
export function destroyOptions(
  key: string,
  flags: { readonly 'writer-cache': string; readonly soak: string; readonly 'waiting-days': number },
): DestroyOptions {
  const soakSeconds = secondsOf('soak', flags.soak);
  if (soakSeconds === 0) {
    throw usageError('a key must have been disabled for some time before it is destroyed', {
      code: 'soak-missing',
      hints: ['leave --soak out for a week'],
    });
  }
  return { ...retireOptions(key, flags), soakSeconds, waitingDays: flags['waiting-days'] };
}

/** A duration, or 0 for none. */
function secondsOf(name: string, given: string): number {
  return given === '0' ? 0 : Math.ceil((durationFlag(name, given) ?? 0) / 1000);
}

/** Every rule, a line each. */
export function ruleLines({ key, rules }: Assessed): readonly string[] {
  return [key.arn, ...rules.map((rule) => `  ${ruleText(rule)}`)];
}

/** With what a dry run ends where the rules do not let the plan be made; undefined where they do. */
export function refusalOf({ rules }: Assessed): ExitCode | undefined {
  const open = rules.filter(({ verdict }) => verdict !== 'met');
  if (open.length === 0) return undefined;
  return open.every(({ verdict }) => verdict === 'unknown') ? ExitCode.incomplete : ExitCode.refused;
}

/** @param submitted undefined where the rules did not let a plan be made */
export function endResult({ key, rules }: Assessed, submitted: SubmittedPlan | undefined): KeyEnding {
  return {
    key: key.arn,
    rules: [...rules],
    isUnneeded: rules.every(({ verdict }) => verdict === 'met'),
    planId: submitted?.plan.id ?? null,
    outcome: submitted?.outcome ?? 'not stored',
  };
}

/** What became of it, on one line. */
export function endingLine(
  { key, rules, outcome, planId }: KeyEnding,
  certificateId?: string | null,
): string {
  if (outcome === 'applied') return `${key} is disabled; certificate ${certificateId ?? 'none'}`;
  if (outcome !== 'not stored') return `${outcome}: plan ${planId ?? ''}`;
  const open = rules.filter(({ verdict }) => verdict !== 'met').length;
  return open === 0 ? 'every rule is met' : `${open} of ${rules.length} rules are not met`;
}

/** Enables a retired key once a person confirms. @returns its ARN. Errors as `enableRetiredKey` and `confirmYes` */
export async function enableAgain(
  { profile }: PosternContext,
  operation: DestroyContext,
  name: string,
  asking: Asking,
): Promise<string> {
  const key = await keyCalled(await operation.kms(), name);
  requireDisabled(key);
  await confirmYes(`profile ${profile}; enable ${key.arn}: go on?`, asking);
  await enableRetiredKey(operation, key);
  return key.arn;
}

/** Takes a destruction back once a person confirms. @returns the key's ARN. Errors as `undestroyKey` and `confirmYes` */
export async function takeBack(
  { profile }: PosternContext,
  operation: DestroyContext,
  name: string,
  asking: Asking,
): Promise<string> {
  const key = await keyCalled(await operation.kms(), name);
  requirePending(key);
  await confirmYes(`profile ${profile}; keep and enable ${key.arn}: go on?`, asking);
  await undestroyKey(operation, key);
  return key.arn;
}
