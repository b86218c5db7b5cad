import { messageOf, PosternError, usageError } from '../../base/error.ts';
import { ExitCode } from '../../base/exit-code.ts';
import { createPlan, type Plan, type PlanTarget } from '../../operation/plan.ts';
import { precondition } from '../../operation/staleness.ts';
import { databaseTarget } from '../../operation/target.ts';
import type { DkimContext } from './context.ts';
import { negativeMemory, recordMemory, unknownMemory } from './judge.ts';
import { keyFileOf } from './key-folder.ts';
import type { DkimAlgorithm } from './key-pair.ts';
import { type Observation, observeSelector, selectorName } from './observe.ts';
import { readSelectors } from './register.ts';
import {
  requireFree,
  requireNoFile,
  requireNoneUnderWay,
  requireOneOfEach,
  warnOfBlindness,
} from './rotation-checks.ts';
import type { RotationInputs } from './rotation-inputs.ts';
import { rotationDurations, rotationSteps } from './rotation-outline.ts';
import { newSelector } from './selector-name.ts';
import { type RegisteredSelector, wantedRecord } from './state.ts';

export interface RotationOptions {
  /** `compromised`: every key that is published is revoked at once. */
  readonly reason: RotationInputs['reason'];
  /** Only these; undefined: all that the configuration has. */
  readonly algorithms: readonly DkimAlgorithm[] | undefined;
}

/**
 * Plans the exchange of a domain's keys. Nothing is changed; the servers are asked about the new names, and the old.
 * @throws {PosternError} exit 2 `dkim-nothing-compromised`, `dkim-algorithms`; exit 4 `dns-unanswered`; exit 6
 * `dkim-rotation-under-way`, `dkim-selector-taken`, `dkim-key-file-taken`
 */
export async function planRotation(
  context: DkimContext,
  domain: string,
  { reason, algorithms }: RotationOptions,
): Promise<Plan> {
  const settings = context.domain(domain);
  const known = await readSelectors(await context.state(), context.profile, domain);
  const wanted = algorithms ?? settings.algorithms;
  const retire = retired(known, reason, algorithms);
  if (reason === 'scheduled') requireNoneUnderWay(domain, known);
  if (reason === 'compromised' && retire.length === 0) {
    throw usageError(`no key of ${domain} that the register knows is published`, {
      code: 'dkim-nothing-compromised',
      hints: ['make the compromised selector known first: postern key dkim adopt'],
    });
  }
  requireOneOfEach(wanted);
  const names = new Set(known.map(({ selector }) => selector));
  const make = wanted.map((algorithm) => {
    const selector = newSelector(settings.selector, algorithm, context.clock.now(), names);
    return { selector, algorithm, keyFile: keyFileOf(context, domain, selector) };
  });
  const look = reason === 'compromised' ? observeIfPossible : observe;
  const before = (await Promise.all(make.map(({ selector }) => look(context, domain, selector)))).flat();
  const old = (await Promise.all(retire.map(({ selector }) => look(context, domain, selector)))).flat();
  for (const observation of before) requireFree(observation);
  for (const { keyFile } of make) await requireNoFile(keyFile);
  warnOfBlindness(context, domain, known, [...before, ...old]);
  const inputs: RotationInputs = {
    domain,
    reason,
    make,
    retire: retire.map(({ selector, keyType, keyFile }) => ({ selector, keyType, keyFile })),
    negativeMemory: before.length === 0 ? unknownMemory : Math.max(...before.map(negativeMemory)),
    recordMemory: Math.max(0, ...old.map(recordMemory)),
    queueLife: settings.queueLife,
    hold: settings.hold,
  };
  return createPlan(context, {
    kind: 'key.rotate-dkim',
    target: await rotationTarget(context, domain),
    inputs,
    steps: rotationSteps(inputs),
    preconditions: [selectorsPrecondition(domain, known)],
    effects: {
      'key pairs made': make.length,
      'selectors revoked and removed': retire.length,
      'private keys destroyed': retire.length,
      ...rotationDurations(inputs),
    },
  });
}

/** What a rotation is bound to: the domain, whose name a person types, and the register in the state database. */
export async function rotationTarget(context: DkimContext, domain: string): Promise<PlanTarget> {
  const { systemIdentifier } = await databaseTarget(await context.state());
  return { systemIdentifier, database: domain };
}

export function selectorsPrecondition(
  domain: string,
  known: readonly RegisteredSelector[],
): ReturnType<typeof precondition> {
  return precondition(
    `selectors of ${domain}`,
    known.map(({ selector, state }) => [selector, state]),
  );
}

/**
 * What goes: what signs, and what a cancelled plan has left; after a compromise, everything that verifiers still take.
 */
function retired(
  known: readonly RegisteredSelector[],
  reason: RotationInputs['reason'],
  algorithms: readonly DkimAlgorithm[] | undefined,
): readonly RegisteredSelector[] {
  const types = algorithms?.map((algorithm) => algorithm.replace(/-.*/, ''));
  return known
    .filter(({ keyType }) => types?.includes(keyType) ?? true)
    .filter(({ state, isOrphaned }) => {
      if (state === 'active' || (isOrphaned && state !== 'destroyed')) return true;
      return reason === 'compromised' && wantedRecord(state) === 'key';
    });
}

async function observe(
  context: DkimContext,
  domain: string,
  selector: string,
): Promise<readonly Observation[]> {
  return [await observeSelector(domain, selector, context.dns, () => context.clock.now())];
}

/** After a compromise, signing ends whether or not anybody answers. */
function observeIfPossible(
  context: DkimContext,
  domain: string,
  selector: string,
): Promise<readonly Observation[]> {
  return observe(context, domain, selector).catch((error: unknown) => {
    if (!(error instanceof PosternError) || error.exitCode !== ExitCode.incomplete) throw error;
    context.progress.warn(`${selectorName(domain, selector)} was not looked at: ${messageOf(error)}`);
    return [];
  });
}
