import type { Answer } from './answer.ts';
import type { Observation, ServerAnswer } from './observe.ts';
import type { DkimRecord } from './record.ts';
import type { RegisteredSelector, WantedRecord } from './state.ts';

/** What an answer comes to, against what the zone shall have. */
export interface JudgedAnswer extends ServerAnswer {
  readonly verdict: 'as wanted' | 'finding' | 'unknown' | 'not counted';
  /** Why; empty where it is as wanted. */
  readonly reason: string;
}

type Key = Pick<RegisteredSelector, 'publicKey' | 'keyType'>;

/** Holds every server's answer against what the zone shall have for this key. */
export function judge(observation: Observation, key: Key, wanted: WantedRecord): readonly JudgedAnswer[] {
  const aliases = new Set(
    observation.answers.flatMap(({ role, asked, answer }) =>
      role === 'authoritative' && answer.is === 'alias' ? [`${asked} ${answer.target}`] : [],
    ),
  );
  const judged = observation.answers.map((entry): JudgedAnswer => {
    const { answer } = entry;
    if (answer.is === 'not asked') return { ...entry, verdict: 'not counted', reason: answer.reason };
    if (answer.is === 'unanswered') return { ...entry, verdict: 'unknown', reason: answer.reason };
    // Behind a CNAME that goes, anything may stay.
    if (wanted === 'absent' && entry.asked !== observation.name)
      return { ...entry, verdict: 'not counted', reason: 'it lies behind a CNAME' };
    if (answer.is === 'alias' && wanted !== 'absent')
      return { ...entry, ...judgeAlias(entry.asked, answer.target, aliases, observation) };
    // What is gone from the zone goes from caches by itself; the zone's own servers tell whether it is gone.
    if (entry.role === 'resolver' && wanted !== 'key' && 'ttl' in answer && answer.is !== wanted)
      return {
        ...entry,
        verdict: 'not counted',
        reason: `it remembers the record for another ${answer.ttl} s`,
      };
    const reason =
      wanted === 'key'
        ? notTheKey(answer, key)
        : wanted === 'revoked'
          ? notRevoked(answer)
          : notAbsent(answer);
    return reason === undefined
      ? { ...entry, verdict: 'as wanted', reason: '' }
      : { ...entry, verdict: 'finding', reason };
  });
  return judged;
}

/** Whether everybody that counts says what the zone shall have, and the authoritative servers at least one of them. */
export function isAsWanted(judged: readonly JudgedAnswer[], role?: ServerAnswer['role']): boolean {
  const counted = judged.filter(
    (entry) => entry.verdict !== 'not counted' && (role === undefined || entry.role === role),
  );
  return counted.length > 0 && counted.every(({ verdict }) => verdict === 'as wanted');
}

/** `ns2.example.org 192.0.2.2 (s1._domainkey.example.org): there is no record`, for those that are not as wanted. */
export function differences(judged: readonly JudgedAnswer[]): readonly string[] {
  return judged
    .filter(({ verdict }) => verdict === 'finding' || verdict === 'unknown')
    .map(({ role, server, reason }) => `${role === 'resolver' ? 'resolver ' : ''}${server}: ${reason}`);
}

/** Milliseconds, where no server tells for how long "no" is remembered: what RFC 2308 §5 lets few exceed. */
export const unknownMemory = 3 * 3_600_000;

/** For how long, in milliseconds, resolvers may remember that there was no record. */
export function negativeMemory(observation: Observation): number {
  const told = observation.answers.flatMap(({ role, answer }) =>
    role === 'authoritative' && answer.is === 'absent' && answer.remembered !== undefined
      ? [answer.remembered]
      : [],
  );
  return told.length === 0 ? unknownMemory : Math.max(...told) * 1000;
}

/** For how long, in milliseconds, resolvers may remember a record of the zone's servers; 0 where there is none. */
export function recordMemory(observation: Observation): number {
  const told = observation.answers.flatMap(({ role, answer }) =>
    role === 'authoritative' && 'ttl' in answer ? [answer.ttl] : [],
  );
  return Math.max(0, ...told) * 1000;
}

function judgeAlias(
  asked: string,
  target: string,
  aliases: ReadonlySet<string>,
  { answers }: Observation,
): Pick<JudgedAnswer, 'verdict' | 'reason'> {
  if ([...aliases].some((alias) => alias.startsWith(`${asked} `) && alias !== `${asked} ${target}`))
    return {
      verdict: 'finding',
      reason: `its CNAME leads to ${target}, and that of another server elsewhere`,
    };
  if (!isAnswered(target, answers, [asked]))
    return { verdict: 'finding', reason: `its CNAME leads to ${target}, and nowhere from there` };
  // The servers behind it are the ones that count: otherwise, CNAMEs alone would pass for a record.
  return { verdict: 'not counted', reason: `it has a CNAME to ${target}` };
}

/** Whether CNAMEs from a name on end with a server that has something else: not in a circle, nor in the void. */
function isAnswered(name: string, answers: readonly ServerAnswer[], seen: readonly string[]): boolean {
  if (seen.includes(name)) return false;
  return answers.some(({ role, asked, answer }) => {
    if (role !== 'authoritative' || asked !== name) return false;
    return answer.is !== 'alias' || isAnswered(answer.target, answers, [...seen, name]);
  });
}

function notTheKey(answer: Answer, key: Key): string | undefined {
  if (answer.is !== 'key')
    return answer.is === 'revoked' ? 'it says that the key is revoked (empty p=)' : told(answer);
  const { record } = answer;
  if (record.keyType !== key.keyType || record.publicKey !== key.publicKey)
    return 'its p= is not the public half of the private key';
  return unusable(record);
}

/** What makes verifiers pass over a right key (RFC 6376 §3.6.1, RFC 8301 §3.1). */
function unusable({ hashes, services, flags }: DkimRecord): string | undefined {
  if (hashes !== undefined && !hashes.includes('sha256'))
    return `its h= is ${hashes.join(':')}, without sha256`;
  if (services !== undefined && !services.some((service) => service === '*' || service === 'email'))
    return `its s= is ${services.join(':')}, without email`;
  if (flags.includes('y')) return 'its t=y tells verifiers that the domain only tests DKIM';
  return undefined;
}

function notRevoked(answer: Answer): string | undefined {
  if (answer.is === 'revoked') return undefined;
  return answer.is === 'key' ? 'it still has a key' : told(answer);
}

function notAbsent(answer: Answer): string | undefined {
  if (answer.is === 'absent') return undefined;
  return answer.is === 'key' || answer.is === 'revoked' ? 'it still has a record' : told(answer);
}

function told(answer: Exclude<Answer, { readonly is: 'key' | 'revoked' }>): string {
  switch (answer.is) {
    case 'absent':
      return 'there is no record';
    case 'several':
      return `there are ${answer.count} TXT records, and verifiers may take any`;
    case 'malformed':
      return `its record cannot be used: ${answer.problem}`;
    case 'alias':
      return `it has a CNAME to ${answer.target}`;
    default:
      return answer.reason;
  }
}
