import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ExitCode } from '../../src/lib/base/exit-code.ts';
import { describeMessage, openMessage } from '../../src/lib/crypto/openpgp-container.ts';
import { partialSize } from '../../src/lib/crypto/openpgp-framing.ts';
import {
  generateKeyPair,
  type KeyPair,
  readRecipient,
  readSecretKey,
} from '../../src/lib/crypto/openpgp-key.ts';
import type { Recipient } from '../../src/lib/crypto/openpgp-recipient.ts';
import { describeWith } from '../support/optional.ts';
import { type GpgHome, type GpgKey, gpgKey, openGpgHome } from './gpg-home.ts';
import { seal } from './message-fixture.ts';

const sizes = [
  [0, 1, 511, 512, 513, 65_535, 65_536],
  [-53, -52, -7, -6, -5, -1, 0, 1].map((offset) => partialSize + offset),
  [-59, -58, -57, -56].map((offset) => 2 * partialSize + offset),
  [5 * partialSize],
].flat();

/** gpg counts whole seconds; a key that it has just made may lie in this second. */
function soon(): Date {
  return new Date(Date.now() + 2_000);
}

describeWith(['gpg'], 'with gpg', ({ gpg }) => {
  const homes: GpgHome[] = [];
  function newHome(): GpgHome {
    const home = openGpgHome(gpg);
    homes.push(home);
    return home;
  }
  afterAll(() => {
    for (const home of homes) home.close();
  });

  describe('our keys and messages', () => {
    let pairs: readonly KeyPair[];
    let recipients: readonly Recipient[];
    let holders: readonly GpgHome[];
    beforeAll(async () => {
      pairs = await Promise.all([
        generateKeyPair({
          name: 'Operations',
          email: 'ops@example.org',
          purpose: 'encrypt',
          expiresInDays: 10,
        }),
        generateKeyPair({ name: 'Offline', email: 'offline@example.org', purpose: 'encrypt' }),
      ]);
      recipients = await Promise.all(pairs.map(({ publicKey }) => readRecipient(publicKey, new Date())));
      holders = pairs.map(({ secretKey }) => {
        const home = newHome();
        home.must(['--import'], secretKey);
        return home;
      });
    });

    it('are imported by gpg with the fingerprints and the expiry that we say', () => {
      for (const [index, home] of holders.entries()) {
        const listing = home.must(['--list-secret-keys', '--with-colons']).toString();
        expect(listing).toContain(`:${recipients[index]?.fingerprint}:`);
        expect(listing).toContain(`:${recipients[index]?.encryptionFingerprint}:`);
        const [primary = ''] = listing.split('\n').filter((line) => line.startsWith('sec:'));
        const expires = recipients[index]?.expires;
        expect(primary.split(':')[6]).toBe(expires === undefined ? '' : String(expires.getTime() / 1000));
      }
    });

    it.each(sizes)('of %i bytes are decrypted by gpg for each of two recipients', async (size) => {
      const content = randomBytes(size);
      const message = await seal(content, recipients);
      for (const home of holders) {
        const { status, stdout, stderr } = home.run(['--decrypt'], message);
        expect(status, stderr).toBe(0);
        expect(content.equals(stdout)).toBe(true);
        expect(stderr).not.toMatch(/warning|integrity/i);
      }
    });

    it('locked with a passphrase are unlocked by gpg with the same', async () => {
      const pair = await generateKeyPair({
        name: 'Locked',
        email: 'l@example.org',
        purpose: 'encrypt',
        passphrase: 'open!',
      });
      const home = newHome();
      home.must(['--import'], pair.secretKey);
      const message = await seal(Buffer.from('content'), [await readRecipient(pair.publicKey, new Date())]);
      expect(home.run(['--decrypt'], message, 'wrong').status).not.toBe(0);
      expect(home.must(['--decrypt'], message, 'open!').toString()).toBe('content');
    });

    it('are integrity-protected AES-256 without a file name or a date', async () => {
      const [home] = holders;
      const message = await seal(Buffer.from('content'), recipients);
      const listing = home?.must(['--list-packets', '--verbose'], message).toString();
      expect(listing).toContain('mdc_method: 2');
      expect(listing).toMatch(/mode b \(62\), created 0, name="",\s+raw data: 7 bytes/);
      expect(home?.run(['--decrypt', '--verbose'], message).stderr).toContain('AES256');
    });

    it('changed in one byte make gpg fail', async () => {
      const message = await seal(randomBytes(100), recipients);
      message[message.length - 30] = (message[message.length - 30] as number) ^ 1;
      expect(holders[0]?.run(['--decrypt'], message).status).not.toBe(0);
    });

    it('are revoked in gpg by our revocation certificate', () => {
      const home = newHome();
      home.must(['--import'], pairs[0]?.publicKey);
      home.must(['--trust-model', 'pgp', '--import'], pairs[0]?.revocationCertificate);
      expect(home.must(['--list-keys', '--with-colons']).toString()).toMatch(/^pub:r:/m);
    });
  });

  describe("gpg's keys and messages", () => {
    let home: GpgHome;
    beforeAll(() => {
      home = newHome();
    });

    it.each([
      ['rsa3072', 'rsa3072'],
      ['ed25519', 'cv25519'],
      ['nistp256', 'nistp256'],
    ])('make a %s key with a %s subkey a recipient, for gpg and for us', async (primary, subkey) => {
      const { publicKey, secretKey } = gpgKey(home, primary, subkey);
      const recipient = await readRecipient(publicKey, soon());
      const content = randomBytes(2_000);
      const message = await seal(content, [recipient]);
      expect(content.equals(home.must(['--decrypt'], message))).toBe(true);
      expect(content.equals(await openMessage(message, [await readSecretKey(secretKey)]))).toBe(true);
    });

    it('unlock with their passphrase, and with no other', async () => {
      const { publicKey, secretKey } = gpgKey(home, 'ed25519', 'cv25519', 'correct horse');
      const message = await seal(Buffer.from('content'), [await readRecipient(publicKey, soon())]);
      const secret = await readSecretKey(secretKey, 'correct horse');
      expect(Buffer.from(await openMessage(message, [secret])).toString()).toBe('content');
      await expect(readSecretKey(secretKey, 'battery staple')).rejects.toMatchObject({
        code: 'secret-key-locked',
      });
    });

    it('open without the primary secret, which stays offline', async () => {
      const { fingerprint, publicKey } = gpgKey(home, 'ed25519', 'cv25519');
      const subkeysOnly = home.must(['--export-secret-subkeys', '--armor', fingerprint]);
      const message = await seal(Buffer.from('content'), [await readRecipient(publicKey, soon())]);
      expect(Buffer.from(await openMessage(message, [await readSecretKey(subkeysOnly)])).toString()).toBe(
        'content',
      );
    });

    it('are no recipient without an encryption subkey', async () => {
      const { publicKey } = gpgKey(home, 'ed25519');
      await expect(readRecipient(publicKey, soon())).rejects.toMatchObject({
        exitCode: ExitCode.usage,
        code: 'recipient-no-encryption',
      });
    });

    it('are no recipient on a Brainpool curve, which openpgp.js cannot use in Node', async () => {
      const { publicKey } = gpgKey(home, 'brainpoolP256r1', 'brainpoolP256r1');
      await expect(readRecipient(publicKey, soon())).rejects.toMatchObject({ code: 'recipient-unsupported' });
    });

    it('are no recipient after gpg has revoked them', async () => {
      const { fingerprint } = gpgKey(home, 'ed25519', 'cv25519');
      const revocation = home.must(
        ['--gen-revoke', '--no-batch', '--command-fd', '0', fingerprint],
        'y\n1\nlost\n\ny\n',
      );
      home.must(['--import'], revocation);
      await expect(readRecipient(home.must(['--export', fingerprint]), soon())).rejects.toMatchObject({
        code: 'recipient-revoked',
      });
    });

    describe('of its own making', () => {
      const content = Buffer.from('SELECT 1;\n'.repeat(20_000));
      let keys: readonly GpgKey[];
      beforeAll(() => {
        keys = [gpgKey(home, 'rsa3072', 'rsa3072'), gpgKey(home, 'ed25519', 'cv25519')];
      });

      function encrypt(options: readonly string[], input: Uint8Array | string = content): Buffer {
        const to = keys.flatMap(({ fingerprint }) => ['--recipient', fingerprint]);
        return home.must([...options, ...to, '--encrypt'], input, 'shared');
      }

      it.each([
        ['as it comes, compressed', []],
        ['uncompressed', ['--compress-level', '0']],
        ['ZIP', ['--compress-algo', 'zip']],
        ['ZLIB', ['--compress-algo', 'zlib']],
        ['for hidden recipients', ['--throw-keyids']],
        ['AES-128', ['--cipher-algo', 'AES']],
        ['AES-192', ['--cipher-algo', 'AES192']],
        ['for a passphrase too', ['--symmetric']],
      ])('open: %s', async (_name, options) => {
        const message = encrypt(options);
        for (const { secretKey } of keys) {
          expect(content.equals(await openMessage(message, [await readSecretKey(secretKey)]))).toBe(true);
        }
        expect(describeMessage(message).recipientKeyIds).toHaveLength(2);
      });

      it('open from a file, whose length gpg knows', async () => {
        const random = randomBytes(300_000);
        const message = encrypt(['--compress-level', '0', '--output', '-'], random);
        const path = home.file('plain', random);
        const to = keys.flatMap(({ fingerprint }) => ['--recipient', fingerprint]);
        const fromFile = home.must(['--compress-level', '0', '--output', '-', ...to, '--encrypt', path]);
        const secrets = await Promise.all(keys.map(({ secretKey }) => readSecretKey(secretKey)));
        expect(random.equals(await openMessage(message, secrets))).toBe(true);
        expect(random.equals(await openMessage(fromFile, secrets))).toBe(true);
      });

      it.each([
        ['BZIP2', ['--compress-algo', 'bzip2']],
        ['Triple DES', ['--cipher-algo', '3DES']],
        ['signed', ['--sign']],
      ])('are refused by name: %s', async (_name, options) => {
        const secrets = await Promise.all(keys.map(({ secretKey }) => readSecretKey(secretKey)));
        await expect(openMessage(encrypt(options), secrets)).rejects.toMatchObject({
          exitCode: ExitCode.failure,
          code: 'unsupported-container',
        });
      });
    });
  });
});
