import type { DnsReply } from '../dns/ask.ts';
import { noRoute } from '../dns/exchange.ts';
import { canonicalName, type DnsRecord } from '../dns/message.ts';
import { type DkimRecord, parseDkimRecord } from './record.ts';

/** What one server says of one selector's name. Times are in seconds. */
export type Answer =
  | { readonly is: 'key'; readonly record: DkimRecord; readonly text: string; readonly ttl: number }
  | { readonly is: 'revoked'; readonly text: string; readonly ttl: number }
  /** NXDOMAIN, or a name without a TXT record; `remembered`: for how long, where the server tells. */
  | { readonly is: 'absent'; readonly remembered: number | undefined }
  /** Several TXT records: RFC 6376 §3.6.2.2 leaves open which one counts. */
  | { readonly is: 'several'; readonly count: number }
  | { readonly is: 'malformed'; readonly problem: string; readonly text: string }
  /** A CNAME, behind which another name has the record. */
  | { readonly is: 'alias'; readonly target: string; readonly ttl: number }
  /** A server that ought to speak for the zone, and does not. */
  | { readonly is: 'lame'; readonly reason: string }
  | { readonly is: 'unanswered'; readonly reason: string }
  /** An address of a family that this host cannot reach, of a server that another address speaks for. */
  | { readonly is: 'not asked'; readonly reason: string };

/** What an authoritative server's reply means. */
export function authoritativeAnswer(reply: DnsReply, name: string): Answer {
  if (reply.outcome !== 'answered') return { is: 'unanswered', reason: reply.reason };
  const { rcode, isAuthoritative, answers } = reply;
  if (rcode === 'REFUSED' || rcode === 'NOTAUTH')
    return { is: 'lame', reason: `it answers ${rcode}: it does not serve the zone` };
  if (rcode !== 'NOERROR' && rcode !== 'NXDOMAIN') return { is: 'unanswered', reason: `it answers ${rcode}` };
  if (!isAuthoritative) return { is: 'lame', reason: 'it answers without speaking for the zone (no AA)' };
  const alias = aliasOf(answers, canonicalName(name));
  if (alias !== undefined) return alias;
  return recordAnswer(reply, canonicalName(name));
}

/** What a resolver's reply means: CNAMEs are followed in it already. */
export function resolverAnswer(reply: DnsReply, name: string): Answer {
  if (reply.outcome !== 'answered') return { is: 'unanswered', reason: reply.reason };
  if (reply.rcode !== 'NOERROR' && reply.rcode !== 'NXDOMAIN')
    return { is: 'unanswered', reason: `it answers ${reply.rcode}` };
  let owner = canonicalName(name);
  // No longer than the chain can be.
  for (const _ of reply.answers) owner = aliasOf(reply.answers, owner)?.target ?? owner;
  return recordAnswer(reply, owner);
}

/** Whether an unanswered question says something of this host alone. */
export function isNoRoute(answer: Answer): boolean {
  return answer.is === 'unanswered' && answer.reason === noRoute;
}

function aliasOf(
  answers: readonly DnsRecord[],
  owner: string,
): Extract<Answer, { readonly is: 'alias' }> | undefined {
  const found = answers.find((record) => record.type === 'CNAME' && record.name === owner);
  return found?.type === 'CNAME' ? { is: 'alias', target: found.value, ttl: found.ttl } : undefined;
}

function recordAnswer(
  { answers, authorities }: Extract<DnsReply, { readonly outcome: 'answered' }>,
  owner: string,
): Answer {
  const records = answers.flatMap((record) =>
    record.type === 'TXT' && record.name === owner ? [record] : [],
  );
  const [first, ...others] = records;
  if (first === undefined) {
    const soa = authorities.find(({ type }) => type === 'SOA');
    const remembered = soa?.type === 'SOA' ? Math.min(soa.ttl, soa.minimum) : undefined;
    return { is: 'absent', remembered };
  }
  if (others.length > 0) return { is: 'several', count: records.length };
  const text = Buffer.concat(first.chunks).toString('utf8');
  const parsed = parseDkimRecord(text);
  if ('problem' in parsed) return { is: 'malformed', problem: parsed.problem, text };
  const { record } = parsed;
  return record.publicKey === ''
    ? { is: 'revoked', text, ttl: first.ttl }
    : { is: 'key', record, text, ttl: first.ttl };
}
