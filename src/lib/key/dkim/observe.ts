import { askServer } from '../dns/ask.ts';
import {
  type AuthoritativeServer,
  type Authority,
  type FindOptions,
  findAuthority,
} from '../dns/authority.ts';
import type { ServerAddress } from '../dns/exchange.ts';
import { type Answer, authoritativeAnswer, isNoRoute, resolverAnswer } from './answer.ts';

/** Whom to ask, and how. */
export interface DnsOptions extends FindOptions {
  /** The servers of a zone by the configuration; undefined: found by NS records. */
  authoritative(domain: string): readonly ServerAddress[] | undefined;
}

export interface ServerAnswer {
  readonly role: 'authoritative' | 'resolver';
  /** Its name, where one is known, and its address: `ns1.example.org 192.0.2.1`. */
  readonly server: string;
  /** The name that it was asked for: the selector's, or the one behind its CNAME. */
  readonly asked: string;
  readonly answer: Answer;
}

/** What all servers say of one selector. */
export interface Observation {
  /** `selector._domainkey.domain`. */
  readonly name: string;
  /** RFC 3339, UTC: when the last of them had answered. */
  readonly at: string;
  readonly answers: readonly ServerAnswer[];
  /** What is wrong with the delegation of the zone: a sentence each. */
  readonly problems: readonly string[];
}

export function selectorName(domain: string, selector: string): string {
  return `${selector}._domainkey.${domain}`;
}

/**
 * Asks every authoritative server, on every address, and every resolver for one selector's record. A CNAME is followed
 * to the servers of the zone that it leads to.
 * @throws {PosternError} exit 4 `dns-unanswered` when nobody tells which servers these are
 */
export async function observeSelector(
  domain: string,
  selector: string,
  options: DnsOptions,
  now: () => Date,
): Promise<Observation> {
  const name = selectorName(domain, selector);
  const first = await authorityOf(domain, name, options);
  const [direct, resolved] = await Promise.all([
    askAuthority(name, first, options),
    Promise.all(options.resolvers.map((resolver) => askResolver(name, resolver, options))),
  ]);
  const behind = await followAliases(direct, [name], options);
  return {
    name,
    at: now().toISOString(),
    answers: [...direct, ...behind.answers, ...resolved],
    problems: [...first.problems, ...behind.problems],
  };
}

async function authorityOf(domain: string, name: string, options: DnsOptions): Promise<Authority> {
  const configured = options.authoritative(domain);
  if (configured === undefined) return findAuthority(name, options);
  const servers = configured.map((server) => ({ ...server, name: undefined }));
  return { zone: undefined, servers, problems: [] };
}

type Followed = Pick<Observation, 'answers' | 'problems'>;

/** As far as CNAMEs lead; in a circle or a long chain, nowhere. */
async function followAliases(
  answers: readonly ServerAnswer[],
  seen: readonly string[],
  options: DnsOptions,
): Promise<Followed> {
  const targets = answers.flatMap(({ answer }) => (answer.is === 'alias' ? [answer.target] : []));
  const next = [...new Set(targets)].filter((target) => !seen.includes(target));
  if (next.length === 0 || seen.length > 8) return { answers: [], problems: [] };
  const followed = await Promise.all(
    next.map(async (target): Promise<Followed> => {
      const authority = await findAuthority(target, options);
      const behind = await askAuthority(target, authority, options);
      const further = await followAliases(behind, [...seen, ...next], options);
      return {
        answers: [...behind, ...further.answers],
        problems: [...authority.problems, ...further.problems],
      };
    }),
  );
  return {
    answers: followed.flatMap((part) => part.answers),
    problems: followed.flatMap((part) => part.problems),
  };
}

async function askAuthority(
  name: string,
  { servers }: Authority,
  options: DnsOptions,
): Promise<readonly ServerAnswer[]> {
  const asked = await Promise.all(
    servers.map(async (server) => {
      const question = { name, type: 'TXT', recursion: 'not desired' } as const;
      const answer = authoritativeAnswer(await askServer(server, question, options), name);
      return { server, answer };
    }),
  );
  return withoutRoutes(asked).map(({ server, answer }) => ({
    role: 'authoritative',
    server: [server.name, shownAddress(server, options.port)].filter((part) => part !== undefined).join(' '),
    asked: name,
    answer,
  }));
}

interface Asked {
  readonly server: AuthoritativeServer;
  readonly answer: Answer;
}

/** An address that this host has no route to says nothing about a server that it reaches by another one. */
export function withoutRoutes(asked: readonly Asked[]): readonly Asked[] {
  const reached = new Set(
    asked.flatMap(({ server, answer }) =>
      server.name === undefined || isNoRoute(answer) ? [] : [server.name],
    ),
  );
  return asked.map((entry) =>
    isNoRoute(entry.answer) && entry.server.name !== undefined && reached.has(entry.server.name)
      ? { ...entry, answer: { is: 'not asked', reason: 'this host has no route to this address' } }
      : entry,
  );
}

async function askResolver(
  name: string,
  resolver: ServerAddress,
  options: DnsOptions,
): Promise<ServerAnswer> {
  const question = { name, type: 'TXT', recursion: 'desired' } as const;
  const answer = resolverAnswer(await askServer(resolver, question, options), name);
  return { role: 'resolver', server: shownAddress(resolver, 53), asked: name, answer };
}

/** `192.0.2.1`, or with a port that is not the usual one: `192.0.2.1:5353`, `[2001:db8::1]:5353`. */
function shownAddress({ address, port }: ServerAddress, usual: number): string {
  if (port === usual) return address;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
