import { type Exchanged, exchangeTcp, exchangeUdp, type NoReply, type ServerAddress } from './exchange.ts';
import type { DnsMessage, DnsQuestion } from './message.ts';

/** How name servers are asked. */
export interface AskOptions {
  /** Milliseconds for one attempt; there are two. */
  readonly timeout: number;
  readonly signal: AbortSignal;
}

export type DnsReply = (DnsMessage & { readonly outcome: 'answered' }) | NoReply;

/**
 * Asks one address of one server: over UDP with EDNS, twice where nothing comes, without EDNS where the server does
 * not know it, and over TCP where the answer does not fit (RFC 7766 §5). Nothing is cached.
 * @throws when `signal` is aborted
 */
export async function askServer(
  server: ServerAddress,
  question: DnsQuestion,
  options: AskOptions,
): Promise<DnsReply> {
  const overUdp = await twice(() => exchangeUdp(server, question, { ...options, edns: 'with' }));
  if ('outcome' in overUdp) return overUdp;
  const edns = overUdp.rcode === 'FORMERR' ? 'without' : 'with';
  const understood =
    edns === 'with' ? overUdp : await twice(() => exchangeUdp(server, question, { ...options, edns }));
  if ('outcome' in understood || !understood.isTruncated) return answered(understood);
  return answered(await exchangeTcp(server, question, { ...options, edns }));
}

async function twice(attempt: () => Promise<Exchanged>): Promise<Exchanged> {
  const first = await attempt();
  return 'outcome' in first && first.outcome === 'timeout' ? attempt() : first;
}

function answered(exchanged: Exchanged): DnsReply {
  return 'outcome' in exchanged ? exchanged : { ...exchanged, outcome: 'answered' };
}
