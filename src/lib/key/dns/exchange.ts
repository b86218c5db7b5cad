import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { connect, isIPv6 } from 'node:net';
import { type DnsMessage, type DnsQuestion, decodeReply, encodeQuestion } from './message.ts';

/** One address of a name server. */
export interface ServerAddress {
  /** IPv4 or IPv6, in text. */
  readonly address: string;
  readonly port: number;
}

/** No reply that could be read: `unreachable` told the network, `timeout` nobody. */
export interface NoReply {
  readonly outcome: 'timeout' | 'unreachable';
  readonly reason: string;
}

export type Exchanged = DnsMessage | NoReply;

export interface ExchangeOptions {
  /** Milliseconds for one attempt. */
  readonly timeout: number;
  readonly signal: AbortSignal;
  readonly edns: 'with' | 'without';
}

/**
 * Asks over UDP, once. Datagrams that do not answer the question are passed over: the socket hears the server alone,
 * but whoever forges its address must not end the wait.
 */
export function exchangeUdp(
  server: ServerAddress,
  question: DnsQuestion,
  { timeout, signal, edns }: ExchangeOptions,
): Promise<Exchanged> {
  const id = randomInt(0x1_0000);
  const message = encodeQuestion(id, question, edns);
  const socket = createSocket(isIPv6(server.address) ? 'udp6' : 'udp4');
  let garbled = 0;
  return settled<Exchanged>(
    signal,
    () => socket.close(),
    (settle) => {
      const timer = setTimeout(
        () =>
          settle({
            outcome: 'timeout',
            reason: `no answer in ${timeout} ms${garbled > 0 ? ', only what is no answer' : ''}`,
          }),
        timeout,
      );
      socket.on('error', (error) => settle(unreachable(error)));
      socket.on('message', (bytes) => {
        const reply = decodeReply(bytes, id, question);
        if (reply === undefined) garbled += 1;
        else settle(reply);
      });
      // Not by its callback, which would be given the error that the socket else emits.
      socket.on('connect', () => {
        socket.send(message, (error) => {
          if (error !== null) settle(unreachable(error));
        });
      });
      socket.connect(server.port, server.address);
      return () => clearTimeout(timer);
    },
  );
}

/** Asks over TCP, where a length of two bytes stands before each message (RFC 1035 §4.2.2). */
export function exchangeTcp(
  server: ServerAddress,
  question: DnsQuestion,
  { timeout, signal, edns }: ExchangeOptions,
): Promise<Exchanged> {
  const id = randomInt(0x1_0000);
  const message = encodeQuestion(id, question, edns);
  const socket = connect({ host: server.address, port: server.port });
  let received = Buffer.alloc(0);
  return settled<Exchanged>(
    signal,
    () => socket.destroy(),
    (settle) => {
      const timer = setTimeout(
        () => settle({ outcome: 'timeout', reason: `no answer over TCP in ${timeout} ms` }),
        timeout,
      );
      socket.on('error', (error) => settle(unreachable(error)));
      socket.on('close', () =>
        settle({ outcome: 'unreachable', reason: 'the connection was closed without an answer' }),
      );
      socket.on('data', (bytes: Buffer) => {
        received = Buffer.concat([received, bytes]);
        const size = received.length < 2 ? Number.POSITIVE_INFINITY : received.readUInt16BE(0) + 2;
        if (received.length < size) return;
        settle(
          decodeReply(received.subarray(2, size), id, question) ?? {
            outcome: 'unreachable',
            reason: 'what came over TCP is no answer',
          },
        );
      });
      const length = Buffer.alloc(2);
      length.writeUInt16BE(message.length);
      socket.write(Buffer.concat([length, message]));
      return () => clearTimeout(timer);
    },
  );
}

/** A promise that the first call of `settle` ends, whoever calls, and after which everything is closed. */
async function settled<T>(
  signal: AbortSignal,
  close: () => void,
  begin: (settle: (value: T) => void) => () => void,
): Promise<T> {
  let cleanUp = (): void => {};
  const onAbort = Promise.withResolvers<never>();
  const abort = (): void => onAbort.reject(signal.reason);
  try {
    signal.throwIfAborted();
    signal.addEventListener('abort', abort, { once: true });
    return await Promise.race([
      onAbort.promise,
      new Promise<T>((resolve) => {
        cleanUp = begin(resolve);
      }),
    ]);
  } finally {
    signal.removeEventListener('abort', abort);
    cleanUp();
    close();
  }
}

function unreachable(error: Error): NoReply {
  const code = 'code' in error ? String(error.code) : '';
  return { outcome: 'unreachable', reason: reasons[code] ?? error.message };
}

/** Of a host without IPv6, an address of that family says nothing about the server. */
export const noRoute = 'this host has no route to it';

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENETUNREACH: noRoute,
  EHOSTUNREACH: noRoute,
  EADDRNOTAVAIL: noRoute,
  EAFNOSUPPORT: noRoute,
  EACCES: 'this host may not send to it',
  EPERM: 'this host may not send to it',
  ECONNRESET: 'it closed the connection',
};
