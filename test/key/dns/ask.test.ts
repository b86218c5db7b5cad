import { afterAll, beforeAll, expect, test } from 'vitest';
import { askServer } from '../../../src/lib/key/dns/ask.ts';
import type { DnsQuestion } from '../../../src/lib/key/dns/message.ts';
import { type DnsWorld, startDnsWorld } from '../../support/dns-server.ts';
import { describeWith } from '../../support/optional.ts';

const options = { timeout: 2000, signal: new AbortController().signal };
const ask = (name: string, type: DnsQuestion['type'] = 'TXT'): DnsQuestion => ({
  name,
  type,
  recursion: 'not desired',
});

describeWith(['knotd', 'named', 'nsupdate'], 'a real name server', (programs) => {
  let world: DnsWorld;
  beforeAll(async () => {
    world = await startDnsWorld(programs);
  });
  afterAll(() => world?.stop());

  test('tells a TXT record in its strings, and that it speaks for the zone', async () => {
    await world.update(['update add Long.example.test 30 TXT "one" "two"']);
    const reply = await askServer(world.first, ask('lONG.example.test'), options);
    expect(reply).toMatchObject({
      outcome: 'answered',
      rcode: 'NOERROR',
      isAuthoritative: true,
      answers: [
        { name: 'long.example.test', type: 'TXT', ttl: 30, chunks: [Buffer.from('one'), Buffer.from('two')] },
      ],
    });
  });

  test('is asked over TCP where the answer does not fit into a datagram', async () => {
    const text = `"${'x'.repeat(250)}" `.repeat(8);
    await world.update([`update add big.example.test 30 TXT ${text}`]);
    const reply = await askServer(world.second, ask('big.example.test'), options);
    expect(reply).toMatchObject({ outcome: 'answered', isTruncated: false });
    const [record] = reply.outcome === 'answered' ? reply.answers : [];
    expect(record?.type === 'TXT' && Buffer.concat(record.chunks).length).toBe(2000);
  });

  test('says NXDOMAIN with the SOA that tells for how long that is remembered', async () => {
    expect(await askServer(world.first, ask('none.example.test'), options)).toMatchObject({
      rcode: 'NXDOMAIN',
      isAuthoritative: true,
      authorities: [{ type: 'SOA', name: 'example.test', minimum: 2 }],
    });
  });

  test('refuses what it does not serve', async () => {
    expect(await askServer(world.first, ask('other.invalid'), options)).toMatchObject({
      outcome: 'answered',
      rcode: 'REFUSED',
      isAuthoritative: false,
    });
  });

  test('is asked through a resolver too, which does not speak for the zone', async () => {
    const question = { ...ask('example.test', 'NS'), recursion: 'desired' as const };
    const reply = await askServer(world.resolver, question, options);
    expect(reply).toMatchObject({ rcode: 'NOERROR', isAuthoritative: false });
    expect(
      reply.outcome === 'answered' &&
        reply.answers.map((record): string => ('value' in record ? record.value : '')).toSorted(),
    ).toEqual(['ns1.example.test', 'ns2.example.test']);
  });
});
