import { chmod, copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { adoptSelector } from '../../../src/lib/key/dkim/adopt.ts';
import { type CheckedDomain, checkDomain } from '../../../src/lib/key/dkim/check.ts';
import { makePrivateKey } from '../../../src/lib/key/dkim/key-pair.ts';
import { describeWith } from '../../support/optional.ts';
import { type DkimWorld, day, dkimWorld } from './dkim-world.ts';

describeWith(['knotd', 'named', 'nsupdate'], 'checking what name servers say', (programs) => {
  let world: DkimWorld;
  let keyFile: string;
  beforeAll(async () => {
    world = await dkimWorld(programs);
    keyFile = await world.publish('s1');
  });
  afterAll(() => world?.close());

  const check = (own: Partial<DkimWorld['context']['dns']> = {}): Promise<CheckedDomain> =>
    checkDomain({ ...world.context, dns: { ...world.context.dns, ...own } }, 'example.test');
  const name = 's1._domainkey.example.test';
  /** What is found about the one selector, by the servers of the zone alone. */
  const found = async (own: Partial<DkimWorld['context']['dns']> = {}): Promise<readonly string[]> => {
    const [selector] = (
      await check({ authoritative: () => [world.dns.first, world.dns.second], resolvers: [], ...own })
    ).selectors;
    return [...(selector?.findings ?? []), ...(selector?.unknown ?? []).map((line) => `unknown: ${line}`)];
  };

  test('a domain of which nobody knows what signs is a finding', async () => {
    expect((await check()).findings).toEqual([
      'no selector is known to sign: adopt the one that does, or make one',
    ]);
  });

  test('only the key that is published is adopted, and once', async () => {
    const other = join(world.folder, 'other.private');
    await writeFile(other, await makePrivateKey('rsa-2048'), { mode: 0o600 });
    const adopt = (file: string, selector = 's1') =>
      adoptSelector(world.context, { domain: 'example.test', selector, keyFile: file });
    await expect(adopt(other)).rejects.toMatchObject({ code: 'dkim-not-published', exitCode: 6 });
    await expect(adopt(join(world.folder, 'none'))).rejects.toMatchObject({ code: 'dkim-key-unreadable' });
    await expect(adopt(keyFile, 'S1;')).rejects.toMatchObject({ code: 'dkim-selector-invalid' });
    await adopt(keyFile);
    await expect(adopt(keyFile)).rejects.toMatchObject({ code: 'dkim-selector-known' });
  });

  test('servers and resolvers that agree with the private key leave nothing to say', async () => {
    const { findings, selectors } = await check();
    expect(findings).toEqual([]);
    expect(selectors).toMatchObject([{ findings: [], unknown: [] }]);
    expect(selectors[0]?.answers.map(({ role, server, verdict }) => [role, server, verdict])).toEqual([
      ['authoritative', 'ns1.example.test 127.0.0.3', 'as wanted'],
      ['authoritative', 'ns2.example.test 127.0.0.4', 'as wanted'],
      ['resolver', `127.0.0.1:${world.dns.resolver.port}`, 'as wanted'],
    ]);
  });

  test('a server that lacks the record, has two, another, a revoked or a broken one is told apart', async () => {
    const at = `127.0.0.4`;
    const change = (...lines: string[]) => world.dns.update(lines, [world.dns.second]);
    await change(`update delete ${name} TXT`);
    expect(await found()).toEqual([`${at}: there is no record`]);
    await change(`update add ${name} 1 IN TXT "v=DKIM1; p="`);
    expect(await found()).toEqual([`${at}: it says that the key is revoked (empty p=)`]);
    await change(`update add ${name} 1 IN TXT "v=DKIM1; p=AAAA"`);
    expect(await found()).toEqual([`${at}: there are 2 TXT records, and verifiers may take any`]);
    await change(`update delete ${name} TXT "v=DKIM1; p="`);
    expect(await found()).toEqual([`${at}: its record cannot be used: its p= is no rsa public key`]);
    await world.publish('else', { servers: [world.dns.second] });
    await change(`update delete ${name} TXT`, `update add ${name} 1 IN CNAME else._domainkey.example.test.`);
    expect(await found({ resolvers: [world.dns.resolver] })).toContainEqual(
      'ns2.example.test 127.0.0.4: its p= is not the public half of the private key',
    );
    await change(`update delete ${name} CNAME`);
  });

  test('a key that tells verifiers to pass it over is a finding', async () => {
    const { publicKey } = (await check()).selectors[0]?.selector ?? { publicKey: '' };
    const text = `"v=DKIM1; t=y; h=sha1; p=" "${publicKey.slice(0, 200)}" "${publicKey.slice(200)}"`;
    await world.dns.update(
      [`update delete ${name}`, `update add ${name} 1 IN TXT ${text}`],
      [world.dns.second],
    );
    expect(await found()).toEqual(['127.0.0.4: its h= is sha1, without sha256']);
    const testing = text.replace('h=sha1; ', 's=*; ');
    await world.dns.update(
      [`update delete ${name} TXT`, `update add ${name} 1 IN TXT ${testing}`],
      [world.dns.second],
    );
    expect(await found()).toEqual(['127.0.0.4: its t=y tells verifiers that the domain only tests DKIM']);
    await world.dns.update([
      `update delete ${name} TXT`,
      `update add ${name} 1 IN TXT ${text.replace('t=y; h=sha1; ', '')}`,
    ]);
    expect(await found()).toEqual([]);
  });

  test('a server that does not serve the zone is lame; one that is silent or fails is unknown', async () => {
    const { root, resolver } = world.dns;
    const silent = { address: '127.0.0.9', port: root.port };
    expect(await found({ authoritative: () => [root] })).toEqual([
      `127.0.0.2: it answers without speaking for the zone (no AA)`,
    ]);
    expect(await found({ authoritative: () => [resolver] })).toEqual([
      '127.0.0.1: it answers without speaking for the zone (no AA)',
    ]);
    expect(await found({ authoritative: () => [silent], timeout: 100 })).toEqual([
      'unknown: 127.0.0.9: nothing listens there',
    ]);
    expect(await found({ authoritative: () => undefined, resolvers: [silent], timeout: 100 })).toEqual([
      expect.stringMatching(
        /^unknown: no resolver tells the SOA record of s1\._domainkey\.example\.test: 127\.0\.0\.9 /,
      ),
    ]);
  });

  test('a private key that others can read, that is another one, or gone, is a finding', async () => {
    await chmod(keyFile, 0o644);
    expect(await found()).toEqual([`its private key ${keyFile} has mode 0644`]);
    await chmod(keyFile, 0o600);
    await copyFile(keyFile, `${keyFile}.kept`);
    await writeFile(keyFile, await makePrivateKey('ed25519'));
    expect(await found()).toEqual([`${keyFile} holds another key than the register knows`]);
    await writeFile(keyFile, 'nonsense');
    expect(await found()).toEqual([`${keyFile} is no private key in PEM that opens without a passphrase`]);
    await copyFile(`${keyFile}.kept`, keyFile);
    expect(await found()).toEqual([]);
  });

  test('a signer that is told otherwise, and a key that nobody knows, are findings', async () => {
    const folder = join(world.folder, 'example.test');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'active'), 's0 rsa /nowhere\n');
    await writeFile(join(folder, 's0.pem'), '');
    expect((await check()).findings).toEqual([
      'the signer is told of other keys than those that the register has as active',
      `${join(folder, 's0.pem')} belongs to no selector of the register`,
    ]);
  });

  test('a selector that has signed for longer than its cryptoperiod is overdue', async () => {
    world.pass(180 * day - 3_600_000);
    expect(await found()).toEqual([]);
    world.pass(3_600_000);
    expect(await found()).toEqual([expect.stringMatching(/^overdue since 20.*Z: rotate$/)]);
  });
});
