import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type DkimAlgorithm,
  dkimAlgorithms,
  makePrivateKey,
  publicHalf,
} from '../../../src/lib/key/dkim/key-pair.ts';
import type { RegisteredSelector, SelectorState } from '../../../src/lib/key/dkim/state.ts';
import { nsupdateScript, zoneLines } from '../../../src/lib/key/dkim/zone-change.ts';
import { type DnsWorld, startDnsWorld } from '../../support/dns-server.ts';
import { describeWith } from '../../support/optional.ts';

const run = promisify(execFile);
const settings = { ttl: 60, nsupdate: { server: undefined, zone: 'example.test', keyFile: undefined } };
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-interop-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function made(
  algorithm: DkimAlgorithm,
  state: SelectorState = 'prepared',
): Promise<RegisteredSelector> {
  const keyFile = join(folder, `${algorithm}-${state}.pem`);
  const pem = await makePrivateKey(algorithm);
  await writeFile(keyFile, pem, { mode: 0o600 });
  const at = '2026-01-01T00:00:00.000Z';
  return {
    domain: 'example.test',
    selector: `${algorithm}-${state}`,
    ...publicHalf(pem, keyFile),
    origin: 'made',
    keyFile,
    state,
    since: at,
    createdAt: at,
    activeSince: null,
    notBefore: null,
    isCompromised: false,
    isOrphaned: false,
  };
}

describeWith(['openssl'], 'openssl', ({ openssl }) => {
  test.each(dkimAlgorithms)('reads a made key of %s, and has the same public half', async (algorithm) => {
    const { keyFile, publicKey } = await made(algorithm);
    await run(openssl, ['pkey', '-in', keyFile, '-check', '-noout']).catch((error: unknown) => {
      // OpenSSL 3.0 has no check for Ed25519.
      if (algorithm !== 'ed25519') throw error;
    });
    const { stdout } = await run(openssl, ['pkey', '-in', keyFile, '-pubout', '-outform', 'DER'], {
      encoding: 'buffer',
    });
    // RFC 8463 §4: of Ed25519 the 32 bytes alone, of RSA the whole SubjectPublicKeyInfo.
    expect(publicKey).toBe((algorithm === 'ed25519' ? stdout.subarray(-32) : stdout).toString('base64'));
  });
});

describeWith(['named-checkzone'], "BIND's checker of zone files", (tools) => {
  test('takes the lines for a zone file, with the key in one record', async () => {
    const [key, revoked, gone] = [
      await made('rsa-4096'),
      await made('ed25519', 'revoked'),
      await made('ed25519', 'removing'),
    ];
    const zone = join(folder, 'zone');
    const lines = zoneLines([key, revoked, gone], settings);
    await writeFile(
      zone,
      ['@ 60 IN SOA ns1 h 1 2 3 4 5', '@ 60 IN NS ns1', 'ns1 60 IN A 192.0.2.1', ...lines, ''].join('\n'),
    );
    const { stdout } = await run(tools['named-checkzone'], ['-D', '-s', 'full', 'example.test', zone]);
    const records = stdout.split('\n').filter((line) => line.includes('TXT'));
    const strings = (line = '') => [...line.matchAll(/"([^"]*)"/g)].map(([, text]) => text);
    expect(records).toHaveLength(2);
    expect(strings(records.find((line) => line.includes('rsa-4096'))).join('')).toBe(
      `v=DKIM1; k=rsa; p=${key.publicKey}`,
    );
    expect(strings(records.find((line) => line.includes('ed25519')))).toEqual(['v=DKIM1; k=ed25519; p=']);
  });
});

describeWith(['knotd', 'named', 'nsupdate', 'dkimsign', 'dig', 'openssl'], 'dkimpy', (tools) => {
  let dns: DnsWorld;
  beforeAll(async () => {
    dns = await startDnsWorld(tools);
  });
  afterAll(() => dns?.stop());

  const script = fileURLToPath(new URL('verify_mail.py', import.meta.url));
  const verify = async (algorithm: string, keyFile: string, selector: string): Promise<string> => {
    const { address, port } = dns.second;
    // Debian's package lies where Debian's own Python looks.
    const { stdout } = await run('/usr/bin/python3', [
      script,
      algorithm,
      keyFile,
      selector,
      'example.test',
      address,
      String(port),
    ]);
    return stdout.trim();
  };

  test.each(['rsa-2048', 'ed25519'] as const)(
    'verifies a mail that a made key of %s signed, by the record that nsupdate put there; not once it is revoked',
    async (algorithm) => {
      const key = await made(algorithm);
      const type = algorithm.replace(/-.*/, '');
      const send = async (selector: RegisteredSelector): Promise<void> => {
        const lines = nsupdateScript([selector], settings, 'x').split('\n');
        await dns.update(lines.filter((line) => line.startsWith('update ')));
      };
      await send(key);
      expect(await verify(type, key.keyFile, key.selector)).toBe('verified');
      const other = await made(algorithm, 'active');
      expect(await verify(type, other.keyFile, key.selector)).toBe('refused');
      await send({ ...key, state: 'revoking' });
      expect(await verify(type, key.keyFile, key.selector).catch(() => 'refused')).toBe('refused');
      await send({ ...key, state: 'removing' });
      const { stdout } = await run(tools.dig, [
        '+short',
        `@${dns.first.address}`,
        '-p',
        String(dns.first.port),
        `${key.selector}._domainkey.example.test`,
        'TXT',
      ]);
      expect(stdout).toBe('');
    },
  );
});
