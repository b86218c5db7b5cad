import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import dnsPacket from 'dns-packet';
import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { authoritativeAnswer, resolverAnswer } from '../../../src/lib/key/dkim/answer.ts';
import { askServer, type DnsReply } from '../../../src/lib/key/dns/ask.ts';
import type { ServerAddress } from '../../../src/lib/key/dns/exchange.ts';
import { decodeReply } from '../../../src/lib/key/dns/message.ts';

const question = { name: 's1._domainkey.example.test', type: 'TXT', recursion: 'not desired' } as const;
const signal = new AbortController().signal;
const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.close();
});

type Packet = Parameters<typeof dnsPacket.encode>[0];
/** What the server sends for a query: as many datagrams as it likes. */
type Behaviour = (query: dnsPacket.DecodedPacket) => readonly (Packet | Buffer)[];

async function oddServer(behaviour: Behaviour): Promise<ServerAddress> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  sockets.push(socket);
  await once(socket, 'listening');
  socket.on('message', (bytes: Buffer, from: RemoteInfo) => {
    for (const reply of behaviour(dnsPacket.decode(bytes)))
      socket.send(Buffer.isBuffer(reply) ? reply : dnsPacket.encode(reply), from.port, from.address);
  });
  return { address: '127.0.0.1', port: socket.address().port };
}

const aa = dnsPacket.AUTHORITATIVE_ANSWER;
const reply = (query: dnsPacket.DecodedPacket, own: Packet = {}): Packet => ({
  type: 'response',
  id: query.id ?? 0,
  flags: aa,
  questions: query.questions ?? [],
  ...own,
});
const txt = { type: 'TXT', name: question.name, ttl: 5, data: 'v=DKIM1; p=' } as const;
const ask = (server: ServerAddress): Promise<DnsReply> =>
  askServer(server, question, { timeout: 100, signal });
const answer = async (behaviour: Behaviour) =>
  authoritativeAnswer(await ask(await oddServer(behaviour)), question.name);

test('a server that never answers is asked twice, and then unanswered', async () => {
  let asked = 0;
  const said = await answer(() => {
    asked += 1;
    return [];
  });
  expect(said).toEqual({ is: 'unanswered', reason: 'no answer in 100 ms' });
  expect(asked).toBe(2);
});

test('a server that fails is unanswered; one that refuses is lame', async () => {
  expect(await answer((query) => [reply(query, { flags: aa | 2 })])).toEqual({
    is: 'unanswered',
    reason: 'it answers SERVFAIL',
  });
  expect(await answer((query) => [reply(query, { flags: 5 })])).toMatchObject({ is: 'lame' });
  expect(await answer((query) => [reply(query, { flags: 0, answers: [txt] })])).toMatchObject({ is: 'lame' });
});

test('what does not answer the question is passed over', async () => {
  const said = await answer((query) => [
    Buffer.from('garbage'),
    reply(query, { id: (query.id ?? 0) ^ 1, answers: [{ ...txt, data: 'v=DKIM1; p=forged' }] }),
    reply(query, { questions: [{ type: 'TXT', name: 'other.test' }] }),
    reply(query, { answers: [txt] }),
  ]);
  expect(said).toMatchObject({ is: 'revoked', ttl: 5 });
  expect(await answer(() => [Buffer.from('garbage')])).toEqual({
    is: 'unanswered',
    reason: 'no answer in 100 ms, only what is no answer',
  });
});

test('a server that does not know EDNS is asked without', async () => {
  const said = await answer((query) =>
    (query.additionals ?? []).length > 0 ? [reply(query, { flags: 1 })] : [reply(query, { answers: [txt] })],
  );
  expect(said).toMatchObject({ is: 'revoked' });
});

test('an answer that is cut off, with nobody listening on TCP, is no answer', async () => {
  const said = await answer((query) => [
    reply(query, { flags: aa | dnsPacket.TRUNCATED_RESPONSE, answers: [] }),
  ]);
  expect(said).toEqual({ is: 'unanswered', reason: 'nothing listens there' });
});

test('an address that this host cannot send to is unreachable, and nothing worse', async () => {
  // Without leave to broadcast, the socket refuses before anything is sent, as it does where there is no route.
  expect(await ask({ address: '255.255.255.255', port: 53 })).toEqual({
    outcome: 'unreachable',
    reason: 'this host may not send to it',
  });
});

test('a resolver is followed along its CNAMEs, and in a circle nowhere', async () => {
  const cname = (name: string, data: string) => ({ type: 'CNAME', name, ttl: 1, data }) as const;
  const chain: Behaviour = (query) => [
    reply(query, {
      answers: [cname(question.name, 'A.test'), cname('a.TEST', 'b.test'), { ...txt, name: 'b.test' }],
    }),
  ];
  expect(resolverAnswer(await ask(await oddServer(chain)), question.name)).toMatchObject({ is: 'revoked' });
  const circle: Behaviour = (query) => [
    reply(query, { answers: [cname(question.name, 'a.test'), cname('a.test', question.name)] }),
  ];
  expect(resolverAnswer(await ask(await oddServer(circle)), question.name)).toMatchObject({ is: 'absent' });
});

test('an interrupted question ends at once', async () => {
  const server = await oddServer(() => []);
  const stop = new AbortController();
  const asking = askServer(server, question, { timeout: 60_000, signal: stop.signal });
  stop.abort(new Error('stopped'));
  await expect(asking).rejects.toThrow('stopped');
});

test('whatever bytes come, they are a reply to the question or nothing', () => {
  const whole = dnsPacket.encode(reply({ id: 7, questions: [question] } as never, { answers: [txt] }));
  const broken = fc
    .tuple(fc.nat(whole.length - 1), fc.integer({ min: 0, max: 255 }), fc.nat(whole.length))
    .map(([at, value, length]) => {
      const bytes = Buffer.from(whole);
      bytes[at] = value;
      return bytes.subarray(0, length);
    });
  fc.assert(
    fc.property(
      fc.oneof(
        broken,
        fc.uint8Array().map((bytes) => Buffer.from(bytes)),
      ),
      (bytes) => {
        const read = decodeReply(bytes, 7, question);
        expect(read === undefined || read.id === 7).toBe(true);
      },
    ),
    { numRuns: 500 },
  );
});
