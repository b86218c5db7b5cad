import { incomplete, PosternError } from '../../base/error.ts';
import { type AskOptions, askServer, type DnsReply } from './ask.ts';
import type { ServerAddress } from './exchange.ts';
import { canonicalName, type DnsRecord, type RecordType } from './message.ts';

/** One address of a server that speaks for a zone. */
export interface AuthoritativeServer extends ServerAddress {
  /** As NS records name it; undefined where the configuration gave the address. */
  readonly name: string | undefined;
}

/** Who speaks for a name. */
export interface Authority {
  /** Undefined where the configuration names the servers. */
  readonly zone: string | undefined;
  readonly servers: readonly AuthoritativeServer[];
  /** What is wrong with the delegation: a sentence each. */
  readonly problems: readonly string[];
}

export interface FindOptions extends AskOptions {
  readonly resolvers: readonly ServerAddress[];
  /** Where authoritative servers listen: 53, but in tests. */
  readonly port: number;
}

/**
 * Every address of every server that speaks for the zone of `name`: those that the zone names, and those that its
 * parent delegates to, since resolvers begin with these.
 * @throws {PosternError} exit 4 `dns-unanswered`, `dns-failed` when the resolvers do not tell
 */
export async function findAuthority(name: string, options: FindOptions): Promise<Authority> {
  const zone = await zoneOf(canonicalName(name), options);
  const own = await nameServers(zone, options);
  const delegated = await delegatedServers(zone, options);
  const names = [...new Set([...own, ...(delegated ?? own)])].toSorted();
  const found = await Promise.all(names.map((server) => addressesOf(server, options)));
  return {
    zone,
    servers: found.flatMap((addresses, index) =>
      addresses.map((address) => ({ name: names[index], address, port: options.port })),
    ),
    problems: [
      ...(delegated === undefined ? [`no server of the parent zone told to whom ${zone} is delegated`] : []),
      ...own
        .filter((server) => delegated?.includes(server) === false)
        .map((server) => `${zone} names ${server} as its server, and its parent does not`),
      ...(delegated ?? [])
        .filter((server) => !own.includes(server))
        .map((server) => `the parent of ${zone} delegates to ${server}, which the zone does not name`),
      ...names.filter((_, index) => found[index]?.length === 0).map((server) => `${server} has no address`),
    ],
  };
}

/**
 * The zone that a name lies in: the longest ending of it that has a SOA of its own. The name itself may be one that
 * resolvers fail at, such as a CNAME that leads in a circle; what it lies in is then asked for all the same.
 */
async function zoneOf(name: string, options: FindOptions): Promise<string> {
  for (let end = name; end !== ''; end = parentOf(end)) {
    const isZone = await resolve(end, 'SOA', options).then(
      ({ answers }) => answers.some((record) => record.type === 'SOA' && record.name === end),
      (error: unknown) => {
        if (end === name && error instanceof PosternError && error.code === 'dns-failed') return false;
        throw error;
      },
    );
    if (isZone) return end;
  }
  throw unanswered(name, 'SOA', ['no ending of it is a zone'], 'dns-unanswered');
}

async function nameServers(zone: string, options: FindOptions): Promise<readonly string[]> {
  const { answers } = await resolve(zone, 'NS', options);
  return namesIn(answers, zone);
}

/** Whom the parent zone delegates to; undefined where none of its servers tells. */
async function delegatedServers(zone: string, options: FindOptions): Promise<readonly string[] | undefined> {
  const parent = parentOf(zone) === '' ? '.' : await zoneOf(parentOf(zone), options).catch(() => '.');
  const names = await nameServers(parent === '.' ? '' : parent, options);
  for (const server of names) {
    for (const address of await addressesOf(server, options)) {
      const question = { name: zone, type: 'NS', recursion: 'not desired' } as const;
      const reply = await askServer({ address, port: options.port }, question, options);
      if (reply.outcome !== 'answered') continue;
      const found = namesIn([...reply.answers, ...reply.authorities], zone);
      if (found.length > 0) return found;
    }
  }
  return undefined;
}

async function addressesOf(server: string, options: FindOptions): Promise<readonly string[]> {
  const replies = await Promise.all([resolve(server, 'A', options), resolve(server, 'AAAA', options)]);
  return replies.flatMap(({ answers }) =>
    answers.flatMap((record) => (record.type === 'A' || record.type === 'AAAA' ? [record.value] : [])),
  );
}

function namesIn(records: readonly DnsRecord[], owner: string): readonly string[] {
  return records.flatMap((record) => (record.type === 'NS' && record.name === owner ? [record.value] : []));
}

function parentOf(name: string): string {
  const dot = name.indexOf('.');
  return dot === -1 ? '' : name.slice(dot + 1);
}

type Answered = Extract<DnsReply, { readonly outcome: 'answered' }>;

/** What the first resolver says that knows. @throws {PosternError} exit 4 `dns-failed`, `dns-unanswered` */
async function resolve(name: string, type: RecordType, options: FindOptions): Promise<Answered> {
  const reasons: string[] = [];
  let code: 'dns-failed' | 'dns-unanswered' = 'dns-unanswered';
  for (const resolver of options.resolvers) {
    const question = { name: name === '' ? '.' : name, type, recursion: 'desired' } as const;
    const reply = await askServer(resolver, question, options);
    if (reply.outcome === 'answered' && (reply.rcode === 'NOERROR' || reply.rcode === 'NXDOMAIN'))
      return reply;
    if (reply.outcome === 'answered') code = 'dns-failed';
    const reason = reply.outcome === 'answered' ? reply.rcode : reply.reason;
    reasons.push(`${resolver.address} ${reason}`);
  }
  throw unanswered(name, type, reasons, code);
}

function unanswered(name: string, type: RecordType, reasons: readonly string[], code: string): Error {
  return incomplete(
    `no resolver tells the ${type} record of ${name === '' ? '.' : name}: ${reasons.join('; ')}`,
    {
      code,
      hints: [
        'check keys.dkim.resolvers and the network, or name the servers: keys.dkim.domains.NAME.authoritative',
      ],
    },
  );
}
