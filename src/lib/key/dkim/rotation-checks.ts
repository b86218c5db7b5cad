// What keeps a rotation from being planned.
import { refused, usageError } from '../../base/error.ts';
import type { DkimContext } from './context.ts';
import { modeOf } from './key-folder.ts';
import type { DkimAlgorithm } from './key-pair.ts';
import type { Observation } from './observe.ts';
import type { RegisteredSelector } from './state.ts';

/** Selectors are told apart by the type of their key. @throws {PosternError} exit 2 `dkim-algorithms` */
export function requireOneOfEach(algorithms: readonly DkimAlgorithm[]): void {
  const types = algorithms.map((algorithm) => algorithm.replace(/-.*/, ''));
  if (new Set(types).size === types.length) return;
  throw usageError(`${algorithms.join(' and ')} are of one type, and a mail is signed once by each type`, {
    code: 'dkim-algorithms',
  });
}

/** @throws {PosternError} exit 6 `dkim-rotation-under-way` */
export function requireNoneUnderWay(domain: string, known: readonly RegisteredSelector[]): void {
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

/** A selector that anybody has an answer for was used before, by whatever means, or a wildcard covers it. */
export function requireFree({ name, answers }: Observation): void {
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
export async function requireNoFile(keyFile: string): Promise<void> {
  if ((await modeOf(keyFile)) === undefined) return;
  throw refused(`${keyFile} is there already`, {
    code: 'dkim-key-file-taken',
    hints: ['move it away, and find out who made it'],
  });
}

/** What the plan is made without knowing. */
export function warnOfBlindness(
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
