import { afterAll, beforeAll, expect, test } from 'vitest';
import { findAuthority } from '../../../src/lib/key/dns/authority.ts';
import { type DnsWorld, startDnsWorld } from '../../support/dns-server.ts';
import { describeWith } from '../../support/optional.ts';

describeWith(['knotd', 'named', 'nsupdate'], 'who speaks for a name', (programs) => {
  let world: DnsWorld;
  beforeAll(async () => {
    world = await startDnsWorld(programs);
  });
  afterAll(() => world?.stop());
  const find = (name: string) => {
    const { resolver } = world;
    const signal = new AbortController().signal;
    return findAuthority(name, { resolvers: [resolver], port: resolver.port, timeout: 2000, signal });
  };

  test('is found from the root down, with every address', async () => {
    expect(await find('s1._domainkey.EXAMPLE.test.')).toEqual({
      zone: 'example.test',
      servers: [
        { name: 'ns1.example.test', ...world.first },
        { name: 'ns2.example.test', ...world.second },
      ],
      problems: [],
    });
  });

  test('includes a server that the parent alone knows, and one that has no address', async () => {
    await world.update([
      'update add example.test 0 NS ns3.example.test.',
      'update delete example.test NS ns2.example.test.',
    ]);
    expect(await find('s1._domainkey.example.test')).toEqual({
      zone: 'example.test',
      servers: [
        { name: 'ns1.example.test', ...world.first },
        { name: 'ns2.example.test', ...world.second },
      ],
      problems: [
        'example.test names ns3.example.test as its server, and its parent does not',
        'the parent of example.test delegates to ns2.example.test, which the zone does not name',
        'ns3.example.test has no address',
      ],
    });
  });

  test('stays unknown where no resolver answers', async () => {
    const signal = new AbortController().signal;
    const nobody = { address: '127.0.0.9', port: world.root.port };
    await expect(
      findAuthority('example.test', { resolvers: [nobody], port: 53, timeout: 200, signal }),
    ).rejects.toMatchObject({ code: 'dns-unanswered', exitCode: 4 });
  });
});
