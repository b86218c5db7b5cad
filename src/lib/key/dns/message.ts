// DNS messages (RFC 1035 §4), as far as DKIM needs them: one question, and the records that may answer it.
import dnsPacket from 'dns-packet';

export type RecordType = 'TXT' | 'SOA' | 'NS' | 'A' | 'AAAA';

export interface DnsQuestion {
  /** Without the dot at the end. */
  readonly name: string;
  readonly type: RecordType;
  /** Asked of a resolver, which goes and looks; an authoritative server is asked for what it has itself. */
  readonly recursion: 'desired' | 'not desired';
}

interface Owned {
  /** Lower case, without the dot at the end. */
  readonly name: string;
  /** Seconds. */
  readonly ttl: number;
}

export type DnsRecord = Owned &
  (
    | { readonly type: 'TXT'; readonly chunks: readonly Buffer[] }
    | { readonly type: 'NS' | 'CNAME' | 'A' | 'AAAA'; readonly value: string }
    /** `minimum`: seconds; the lesser of it and the TTL is how long a "no" is remembered (RFC 2308 §5). */
    | { readonly type: 'SOA'; readonly minimum: number }
  );

/** A server's reply, whatever it says. */
export interface DnsMessage {
  readonly id: number;
  readonly rcode: string;
  /** The AA bit: the server speaks for the zone itself. */
  readonly isAuthoritative: boolean;
  readonly isTruncated: boolean;
  readonly answers: readonly DnsRecord[];
  readonly authorities: readonly DnsRecord[];
  readonly additionals: readonly DnsRecord[];
}

/** What fits through every network without fragments (DNS flag day 2020). */
const udpPayloadSize = 1232;

/** @param edns `without` for servers that know nothing of EDNS (RFC 6891 §7) and answer FORMERR */
export function encodeQuestion(id: number, question: DnsQuestion, edns: 'with' | 'without'): Buffer {
  const { name, type, recursion } = question;
  return dnsPacket.encode({
    type: 'query',
    id,
    flags: recursion === 'desired' ? dnsPacket.RECURSION_DESIRED : 0,
    questions: [{ name, type, class: 'IN' }],
    additionals:
      edns === 'without'
        ? []
        : [
            {
              type: 'OPT',
              name: '.',
              udpPayloadSize,
              extendedRcode: 0,
              ednsVersion: 0,
              flags: 0,
              flag_do: false,
              options: [],
            },
          ],
  });
}

/**
 * Reads a reply to the question.
 * @returns undefined where the bytes are no DNS message, or one that answers something else
 */
export function decodeReply(bytes: Buffer, id: number, question: DnsQuestion): DnsMessage | undefined {
  const packet = decoded(bytes);
  if (packet === undefined || packet.type !== 'response' || packet.id !== id) return undefined;
  const [asked, ...others] = packet.questions ?? [];
  // A server that cannot read the question may leave it out.
  const isOurs =
    asked === undefined ||
    (canonicalName(asked.name) === canonicalName(question.name) && asked.type === question.type);
  if (!isOurs || others.length > 0) return undefined;
  return {
    id,
    rcode: packet.rcode,
    isAuthoritative: packet.flag_aa,
    isTruncated: packet.flag_tc,
    answers: records(packet.answers),
    authorities: records(packet.authorities),
    additionals: records(packet.additionals),
  };
}

/** A name as it is compared: lower case, without the dot at the end (RFC 4343). */
export function canonicalName(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}

type Decoded = dnsPacket.DecodedPacket & { readonly rcode: string };

function decoded(bytes: Buffer): Decoded | undefined {
  try {
    // Its types leave out `rcode`, which every decoded packet has.
    return dnsPacket.decode(bytes) as Decoded;
  } catch {
    return undefined;
  }
}

function records(answers: readonly dnsPacket.Answer[] | undefined): readonly DnsRecord[] {
  return (answers ?? []).flatMap((answer): readonly DnsRecord[] => {
    if (!('ttl' in answer) || (answer.class !== undefined && answer.class !== 'IN')) return [];
    const owned = { name: canonicalName(answer.name), ttl: answer.ttl ?? 0 };
    switch (answer.type) {
      case 'TXT':
        return [{ ...owned, type: 'TXT', chunks: chunksOf(answer.data) }];
      case 'NS':
      case 'CNAME':
        return [{ ...owned, type: answer.type, value: canonicalName(answer.data) }];
      case 'A':
      case 'AAAA':
        return [{ ...owned, type: answer.type, value: answer.data }];
      case 'SOA':
        return [{ ...owned, type: 'SOA', minimum: answer.data.minimum ?? 0 }];
      default:
        return [];
    }
  });
}

function chunksOf(data: dnsPacket.TxtData): readonly Buffer[] {
  const list = Array.isArray(data) ? data : [data];
  return list.map((chunk) => Buffer.from(chunk));
}
