import { z } from 'zod';
import { formatDuration } from '../../base/duration.ts';
import { refused, usageError } from '../../base/error.ts';
import { createPlan, type Plan, type PlanTarget } from '../../operation/plan.ts';
import { precondition } from '../../operation/staleness.ts';
import { databaseTarget } from '../../operation/target.ts';
import type { DkimContext } from './context.ts';
import { negativeMemory, recordMemory } from './judge.ts';
import { keyFileOf, modeOf } from './key-folder.ts';
import { type DkimAlgorithm, dkimAlgorithms } from './key-pair.ts';
import { type Observation, observeSelector } from './observe.ts';
import { readSelectors } from './register.ts';
import { newSelector } from './selector-name.ts';
import { type RegisteredSelector, wantedRecord } from './state.ts';

const milliseconds = z.number().int().nonnegative();

export const rotationInputs = z.strictObject({
  domain: z.string(),
  reason: z.enum(['scheduled', 'compromised']),
  make: z.array(
    z.strictObject({ selector: z.string(), algorithm: z.enum(dkimAlgorithms), keyFile: z.string() }),
  ),
  retire: z.array(z.strictObject({ selector: z.string(), keyType: z.string(), keyFile: z.string() })),
  /** For how long resolvers remember that the new selectors were not there. */
  negativeMemory: milliseconds,
  /** For how long they remember the old records. */
  recordMemory: milliseconds,
  queueLife: milliseconds,
  hold: milliseconds,
});

export type RotationInputs = z.infer<typeof rotationInputs>;

export interface RotationOptions {
  /** `compromised`: every key that is published is revoked at once. */
  readonly reason: RotationInputs['reason'];
  /** Only these; undefined: all that the configuration has. */
  readonly algorithms: readonly DkimAlgorithm[] | undefined;
}

/**
 * Plans the exchange of a domain's keys. Nothing is changed; the servers are asked about the new names, and the old.
 * @throws {PosternError} exit 2 `dkim-nothing-compromised`; exit 6 `dkim-rotation-under-way`, `dkim-selector-taken`
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
  const names = new Set(known.map(({ selector }) => selector));
  const make = wanted.map((algorithm) => {
    const selector = newSelector(settings.selector, algorithm, context.clock.now(), names);
    return { selector, algorithm, keyFile: keyFileOf(context, domain, selector) };
  });
  const before = await Promise.all(make.map(({ selector }) => observe(context, domain, selector)));
  const old = await Promise.all(retire.map(({ selector }) => observe(context, domain, selector)));
  for (const observation of before) requireFree(observation);
  for (const { keyFile } of make) await requireNoFile(keyFile);
  warnOfBlindness(context, domain, known, [...before, ...old]);
  const inputs: RotationInputs = {
    domain,
    reason,
    make,
    retire: retire.map(({ selector, keyType, keyFile }) => ({ selector, keyType, keyFile })),
    negativeMemory: Math.max(0, ...before.map(negativeMemory)),
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

function requireNoneUnderWay(domain: string, known: readonly RegisteredSelector[]): void {
  const fresh = known.filter(
    ({ state, isOrphaned }) => !isOrphaned && (state === 'prepared' || state === 'published'),
  );
  if (fresh.length === 0) return;
  throw refused(
    `a rotation of ${domain} is under way: ${fresh.map(({ selector, state }) => `${selector} is ${state}`).join(', ')}`,
    {
      code: 'dkim-rotation-under-way',
      hints: ['go on with its plan: postern plan list', 'with --compromised, these keys are revoked too'],
    },
  );
}

function observe(context: DkimContext, domain: string, selector: string): Promise<Observation> {
  return observeSelector(domain, selector, context.dns, () => context.clock.now());
}

/** A selector that anybody has an answer for was used before, by whatever means, or a wildcard covers it. */
function requireFree({ name, answers }: Observation): void {
  const taken = answers.find(({ answer }) =>
    ['key', 'revoked', 'several', 'malformed', 'alias'].includes(answer.is),
  );
  if (taken === undefined) return;
  throw refused(`${name} is not free: ${taken.server} has a record there, and no selector is used twice`, {
    code: 'dkim-selector-taken',
    hints: [
      'look at it: postern key dkim adopt makes it known, where it is yours',
      'or name new selectors otherwise: keys.dkim.domains.NAME.selector',
    ],
  });
}

/** A file that is there already would be taken for one of this plan's, and whose key it is nobody knows. */
async function requireNoFile(keyFile: string): Promise<void> {
  if ((await modeOf(keyFile)) === undefined) return;
  throw refused(`${keyFile} is there already`, {
    code: 'dkim-key-file-taken',
    hints: ['move it away, and find out who made it'],
  });
}

/** What the plan is made without knowing. */
function warnOfBlindness(
  { progress }: DkimContext,
  domain: string,
  known: readonly RegisteredSelector[],
  observations: readonly Observation[],
): void {
  if (!known.some(({ state }) => state === 'active'))
    progress.warn(
      `no selector of ${domain} is known to sign: if one does, adopt it first, or it is never retired`,
    );
  const silent = observations.flatMap(({ name, answers }) =>
    answers.flatMap(({ server, answer }) =>
      answer.is === 'unanswered' ? [`${server} does not tell about ${name}: ${answer.reason}`] : [],
    ),
  );
  for (const line of silent) progress.warn(line);
}

/** The steps of a rotation; each waits by ending with exit 7, and goes on when the plan is applied again. */
function rotationSteps({ domain, reason, make, retire, hold, queueLife }: RotationInputs) {
  const made = make.map(({ selector, algorithm }) => `${selector} (${algorithm})`).join(', ');
  const old = retire.map(({ selector }) => selector).join(', ');
  const step = (kind: string, summary: string) => ({ kind, summary, inputs: {} });
  const exchange = [
    step('await-published', `wait until every name server has the records of ${made}`),
    step('sign', `sign mail of ${domain} with ${make.map(({ selector }) => selector).join(', ')}`),
  ];
  const retirement = [
    step('await-revoked', `wait until every name server has an empty p= for ${old}`),
    step('await-hold', `keep that for ${formatDuration(hold)}`),
    step('await-removed', `wait until no name server has a record of ${old}`),
    step('destroy-keys', `destroy the private keys of ${old}`),
  ];
  return [
    step('make-keys', `make the key pairs of ${made}`),
    ...(reason === 'compromised'
      ? [step('stop-signing', `stop signing with ${old}, and revoke at once`)]
      : []),
    ...exchange,
    ...(reason === 'scheduled' && retire.length > 0
      ? [
          step(
            'await-grace',
            `let mail signed with ${old} arrive: ${formatDuration(queueLife)} and the records' TTL`,
          ),
        ]
      : []),
    ...(retire.length > 0 ? retirement : []),
  ];
}
