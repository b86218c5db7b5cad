import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { failure, messageOf, type PosternError, partial, refused } from '../../base/error.ts';
import type { Queryable } from '../../base/postgres.ts';
import type { JsonObject } from '../../crypto/canonical-json.ts';
import type { Plan } from '../../operation/plan.ts';
import type { StepJournal } from '../../operation/plan-kind.ts';
import type { DkimContext } from './context.ts';
import { differences, isAsWanted, type JudgedAnswer, judge } from './judge.ts';
import { activeFileOf, writeActiveFile } from './key-folder.ts';
import { observeSelector } from './observe.ts';
import { enterState, readSelectors } from './register.ts';
import type { RotationInputs } from './rotation-inputs.ts';
import { isAfter, type RegisteredSelector, type SelectorState, type WantedRecord } from './state.ts';

/** What every step of a rotation works with; the register is locked meanwhile. */
export interface RotationStep {
  readonly context: DkimContext;
  readonly plan: Plan;
  readonly inputs: RotationInputs;
  readonly journal: StepJournal;
  /** The state database. */
  readonly state: Queryable;
}

/** Ends a step that cannot go on yet. @param next what it takes, in a sentence: a change of the zone, or time */
export function waiting(message: string, next: string): PosternError {
  return partial(message, { code: 'dkim-waiting', hints: [next] });
}

/** When a step can go on at the earliest. */
export function notBefore(from: Date): string {
  return `it cannot go on before ${from.toISOString()}; cron may try`;
}

/** The plan's selectors as the register has them. */
export async function selectorsOf(
  { context, state, inputs }: RotationStep,
  part: 'make' | 'retire',
): Promise<readonly RegisteredSelector[]> {
  const names = new Set(inputs[part].map(({ selector }) => selector));
  const known = await readSelectors(state, context.profile, inputs.domain);
  return known.filter(({ selector }) => names.has(selector));
}

/** What the servers said, as the journal and the certificate keep it. */
export interface Asked {
  readonly answers: readonly JudgedAnswer[];
  readonly record: JsonObject;
  readonly observation: Awaited<ReturnType<typeof observeSelector>>;
}

/** Asks every server about one selector, and holds it against what the zone shall have. */
export async function askAll(
  { context }: RotationStep,
  selector: RegisteredSelector,
  wanted: WantedRecord,
): Promise<Asked> {
  const { domain, selector: name } = selector;
  const observation = await observeSelector(domain, name, context.dns, () => context.clock.now());
  const answers = judge(observation, selector, wanted);
  return {
    observation,
    answers,
    record: {
      name: observation.name,
      at: observation.at,
      servers: answers.map(({ role, server, asked, answer, verdict, reason }) => ({
        role,
        server,
        asked,
        says: answer.is,
        ttl: 'ttl' in answer ? answer.ttl : null,
        verdict,
        ...(reason === '' ? {} : { reason }),
      })),
    },
  };
}

/** @throws {PosternError} exit 7 `dkim-waiting` unless every authoritative server says what the zone shall have */
export function requireEverywhere(
  { inputs: { domain } }: RotationStep,
  asked: readonly Asked[],
  what: string,
): void {
  const missing = asked.filter(({ answers }) => !isAsWanted(answers, 'authoritative'));
  if (missing.length === 0) return;
  const reasons = missing.flatMap(({ answers, observation }) => {
    const told = differences(answers.filter(({ role }) => role === 'authoritative'));
    return told.length === 0
      ? [`${observation.name}: no server could be asked`]
      : told.map((line) => `${observation.name} at ${line}`);
  });
  throw waiting(
    `${what}: ${reasons.join('; ')}`,
    `\`postern key dkim zone ${domain}\` prints what to change in the zone`,
  );
}

/** Lets all of them enter a state. */
export async function enter(
  { context, state, plan }: RotationStep,
  selectors: readonly RegisteredSelector[],
  entry: { readonly state: SelectorState; readonly notBefore?: Date; readonly detail?: JsonObject },
): Promise<void> {
  for (const { domain, selector } of selectors)
    await enterState(state, { profile: context.profile, domain, selector }, { ...entry, planId: plan.id });
}

/** @throws {PosternError} exit 6 `dkim-superseded` when another plan has revoked what this one is to sign with */
export function requireUsable(made: readonly RegisteredSelector[]): void {
  const gone = made.filter(({ state }) => isAfter(state, 'active'));
  if (gone.length === 0) return;
  throw refused(
    `${gone.map(({ selector, state }) => `${selector} is ${state}`).join(', ')}: another plan has overtaken this one`,
    {
      code: 'dkim-superseded',
      hints: ['give this plan up: postern plan cancel ID --abandon'],
    },
  );
}

/** Tells the signer what to sign with from now on: the file first, then the program of the configuration. */
export async function activate(
  { context, inputs: { domain } }: RotationStep,
  active: readonly RegisteredSelector[],
): Promise<void> {
  await writeActiveFile(context, domain, active);
  const [program, ...args] = context.domain(domain).activate ?? [];
  if (program === undefined) return;
  const env = { POSTERN_DKIM_DOMAIN: domain, POSTERN_DKIM_ACTIVE: activeFileOf(context, domain) };
  try {
    await promisify(execFile)(program, args, { env: { ...process.env, ...env }, timeout: 60_000 });
  } catch (cause) {
    const told = cause instanceof Error && 'stderr' in cause ? String(cause.stderr).trim().slice(-500) : '';
    throw failure(`the program that tells the signer failed: ${told === '' ? messageOf(cause) : told}`, {
      code: 'dkim-activate-failed',
      cause,
      hints: ['mend it (keys.dkim.domains.NAME.activate); it is run again with the plan'],
    });
  }
}
