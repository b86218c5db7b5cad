import { messageOf, PosternError } from '../../base/error.ts';
import { ExitCode } from '../../base/exit-code.ts';
import { inParallel } from '../../base/in-parallel.ts';
import { nextAction, overdue } from './calendar.ts';
import { checkFolder, checkKeyFile } from './check-files.ts';
import type { DkimContext } from './context.ts';
import { differences, type JudgedAnswer, judge } from './judge.ts';
import { type Observation, observeSelector } from './observe.ts';
import { readSelectors } from './register.ts';
import { type RegisteredSelector, wantedRecord } from './state.ts';

/** What was found about one selector. */
export interface CheckedSelector {
  readonly selector: RegisteredSelector;
  /** What every server says; empty where nobody tells which servers these are. */
  readonly answers: readonly JudgedAnswer[];
  /** When they had answered, RFC 3339, UTC; null where nobody was asked. */
  readonly askedAt: string | null;
  readonly findings: readonly string[];
  /** What could not be looked at. */
  readonly unknown: readonly string[];
  readonly next: ReturnType<typeof nextAction>;
}

export interface CheckedDomain {
  readonly domain: string;
  readonly selectors: readonly CheckedSelector[];
  /** About the domain as a whole. */
  readonly findings: readonly string[];
}

/** As `checkDomain`, several domains at once; in the order given. */
export async function checkDomains(
  context: DkimContext,
  domains: readonly string[],
): Promise<readonly CheckedDomain[]> {
  const checked = new Map<string, CheckedDomain>();
  await inParallel(domains, 4, async (domain) => {
    checked.set(domain, await checkDomain(context, domain));
  });
  return domains.flatMap((domain) => checked.get(domain) ?? []);
}

/** Compares register, private keys and what every name server says, and changes nothing. */
export async function checkDomain(context: DkimContext, domain: string): Promise<CheckedDomain> {
  const settings = context.domain(domain);
  const registered = await readSelectors(await context.state(), context.profile, domain);
  const asked = new Map<RegisteredSelector, Asked>();
  await inParallel(registered, 4, async (selector) => {
    asked.set(selector, await ask(context, selector));
  });
  const checked = await Promise.all(
    registered.map(async (selector): Promise<CheckedSelector> => {
      const { observation, problem } = asked.get(selector) ?? {};
      const answers = observation === undefined ? [] : judgeSelector(observation, selector);
      return {
        selector,
        answers,
        askedAt: observation?.at ?? null,
        findings: [
          ...differences(answers.filter(({ verdict }) => verdict === 'finding')),
          ...(await checkKeyFile(context, selector)),
          ...weakness(selector),
          ...overdue(selector, settings, context.clock.now()),
          ...sharedKey(selector, registered),
        ],
        unknown: [
          ...differences(answers.filter(({ verdict }) => verdict === 'unknown')),
          ...(problem === undefined ? [] : [problem]),
        ],
        next: nextAction(selector, settings),
      };
    }),
  );
  const problems = new Set([...asked.values()].flatMap(({ observation }) => observation?.problems ?? []));
  const isSigning = registered.some(({ state }) => state === 'active');
  return {
    domain,
    selectors: checked,
    findings: [
      ...(isSigning ? [] : ['no selector is known to sign: adopt the one that does, or make one']),
      ...problems,
      ...(await checkFolder(context, domain, registered)),
    ],
  };
}

interface Asked {
  readonly observation?: Observation;
  readonly problem?: string;
}

async function ask(context: DkimContext, { domain, selector }: RegisteredSelector): Promise<Asked> {
  try {
    return { observation: await observeSelector(domain, selector, context.dns, () => context.clock.now()) };
  } catch (error) {
    if (error instanceof PosternError && error.exitCode === ExitCode.incomplete)
      return { problem: messageOf(error) };
    throw error;
  }
}

/** A key that is not yet asked for everywhere may be missing; whatever is there must be right. */
function judgeSelector(observation: Observation, selector: RegisteredSelector): readonly JudgedAnswer[] {
  const judged = judge(observation, selector, wantedRecord(selector.state));
  if (selector.state !== 'prepared') return judged;
  return judged.map((entry) =>
    entry.answer.is === 'absent' ? { ...entry, verdict: 'not counted', reason: 'not published yet' } : entry,
  );
}

/** RFC 8301 §3.2: verifiers refuse less than 1024 bits; less than 2048 should not sign. */
function weakness({ keyType, bits, state }: RegisteredSelector): readonly string[] {
  const isUsed = wantedRecord(state) === 'key';
  return isUsed && keyType === 'rsa' && bits < 2048 ? [`its RSA key has ${bits} bits, less than 2048`] : [];
}

function sharedKey(
  { domain, selector, publicKey, state }: RegisteredSelector,
  all: readonly RegisteredSelector[],
): readonly string[] {
  if (wantedRecord(state) !== 'key') return [];
  return all
    .filter(
      (other) => other.domain === domain && other.selector !== selector && other.publicKey === publicKey,
    )
    .map((other) => `its key is that of the selector ${other.selector}: a new selector needs a new key`);
}
