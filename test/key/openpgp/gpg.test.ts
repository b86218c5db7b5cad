import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openMessage } from '../../../src/lib/crypto/openpgp-container.ts';
import { generateKeyPair, readRecipient, readSecretKey } from '../../../src/lib/crypto/openpgp-key.ts';
import { describeKey } from '../../../src/lib/crypto/openpgp-key-description.ts';
import { mergePublicKeys } from '../../../src/lib/crypto/openpgp-merge.ts';
import { type RenewedKey, renewKey } from '../../../src/lib/crypto/openpgp-renew.ts';
import { signDetached } from '../../../src/lib/crypto/openpgp-signature.ts';
import { type GpgHome, gpgKey, openGpgHome } from '../../crypto/gpg-home.ts';
import { seal } from '../../crypto/message-fixture.ts';
import { describeWith } from '../../support/optional.ts';

const [passphrase, day] = ['two words', 86_400_000];
const made = new Date(Math.floor(Date.now() / 1000) * 1000 - 3_600_000);
const ends = new Date(made.getTime() + 400 * day);
const ours = { name: 'Ours', email: 'ours@example.org', purpose: 'encrypt', now: made } as const;
const now = (): Date => new Date();

interface Given {
  readonly publicKey: string | Uint8Array;
  readonly secretKey: string | Uint8Array;
}

/** The lines of a listing of one kind, by their fields. */
function rows(listing: string, kind: string): readonly (readonly string[])[] {
  return listing
    .split('\n')
    .map((line) => line.split(':'))
    .filter(([first]) => first === kind);
}

const seconds = (date: Date): string => String(date.getTime() / 1000);

describeWith(['gpg'], 'a renewed key in gpg', ({ gpg }) => {
  const homes: GpgHome[] = [];
  const newHome = (): GpgHome => {
    const home = openGpgHome(gpg);
    homes.push(home);
    return home;
  };
  let maker: GpgHome;
  beforeAll(() => {
    const home = newHome();
    const at = ['--faked-system-time', seconds(made)];
    // Made an hour ago, so that what is signed now is younger.
    maker = { ...home, must: (args, ...rest) => home.must([...at, ...args], ...rest) };
  });
  afterAll(() => {
    for (const home of homes) home.close();
  });

  const kinds: readonly (readonly [string, () => Promise<Given> | Given])[] = [
    ['ours', () => generateKeyPair({ ...ours, passphrase, expiresInDays: 10 })],
    ['of gpg, ed25519 and cv25519', () => gpgKey(maker, 'ed25519', 'cv25519', passphrase)],
    ['of gpg, rsa2048', () => gpgKey(maker, 'rsa2048', 'rsa2048')],
    ['of gpg, nistp256', () => gpgKey(maker, 'nistp256', 'nistp256')],
  ];

  describe.each(kinds)('%s', (_name, make) => {
    let given: Given;
    let renewed: RenewedKey;
    let before: Buffer;
    let after: Buffer;
    beforeAll(async () => {
      given = await make();
      before = await seal(Buffer.from('before'), [await readRecipient(given.publicKey, now())]);
      renewed = await renewKey(given.secretKey, { passphrase, change: 'subkey', ends, now: now() });
      after = await seal(Buffer.from('after'), [await readRecipient(renewed.publicKey, now())]);
    });

    test('is imported over the public key that was there, with a new subkey and a later end', async () => {
      const home = newHome();
      home.must(['--import'], given.publicKey);
      const old = home.must(['--list-keys', '--with-colons', '--fixed-list-mode']).toString();
      expect(rows(old, 'sub')).toHaveLength(1);
      home.must(['--import'], renewed.publicKey);
      const listing = home.must(['--list-keys', '--with-colons', '--fixed-list-mode']).toString();
      const subkeys = rows(listing, 'sub');
      const { encryptionKeyId } = await readRecipient(renewed.publicKey, now());
      expect(subkeys.map((fields) => fields[4])).toEqual([rows(old, 'sub')[0]?.[4], encryptionKeyId]);
      expect(subkeys[1]?.[6]).toBe(seconds(ends));
      expect(subkeys[1]?.[11]).toMatch(/^e+$/);
      // The old one ends when it did.
      expect(subkeys[0]?.[6]).toBe(rows(old, 'sub')[0]?.[6]);
      expect(rows(listing, 'pub')[0]?.[6]).toBe(seconds(ends));
      // What gpg encrypts from now on is for the new subkey, and the new secret key opens it.
      const message = home.must(['--encrypt', '--recipient', rows(listing, 'pub')[0]?.[4] ?? ''], 'by gpg');
      const packets = home.run(['--list-packets'], message);
      expect(packets.stdout.toString() + packets.stderr).toContain(encryptionKeyId);
      const secret = await readSecretKey(renewed.secretKey, passphrase);
      expect(Buffer.from(await openMessage(message, [secret])).toString()).toBe('by gpg');
    });

    test('decrypts with its secret key what was encrypted before and after', () => {
      const home = newHome();
      home.must(['--import'], renewed.secretKey, passphrase);
      expect(home.must(['--decrypt'], before, passphrase).toString()).toBe('before');
      expect(home.must(['--decrypt'], after, passphrase).toString()).toBe('after');
    });

    test('does not open with the old secret key what is encrypted after', () => {
      const home = newHome();
      home.must(['--import'], given.secretKey, passphrase);
      expect(home.must(['--decrypt'], before, passphrase).toString()).toBe('before');
      expect(home.run(['--decrypt'], after, passphrase).status).not.toBe(0);
    });

    test('with a later end only, keeps its subkey and ends later', async () => {
      const extended = await renewKey(given.secretKey, { passphrase, change: 'extend', ends, now: now() });
      const home = newHome();
      home.must(['--import'], given.publicKey);
      home.must(['--import'], extended.publicKey);
      const listing = home.must(['--list-keys', '--with-colons', '--fixed-list-mode']).toString();
      expect(rows(listing, 'pub')[0]?.[6]).toBe(seconds(ends));
      expect(rows(listing, 'sub').map((fields) => fields[6])).toEqual([seconds(ends)]);
      const old = await readRecipient(given.publicKey, now());
      expect(await readRecipient(extended.publicKey, now())).toMatchObject({
        encryptionKeyId: old.encryptionKeyId,
        expires: ends,
      });
    });
  });

  test('of a signer, extended, verifies what is signed now, and what was', async () => {
    const options = { ...ours, purpose: 'sign', expiresInDays: 1 } as const;
    const signer = await generateKeyPair(options);
    const content = randomBytes(20);
    const before = await signDetached(content, { secretKey: signer.secretKey });
    const { publicKey, secretKey } = await renewKey(signer.secretKey, { change: 'extend', ends, now: now() });
    const home = newHome();
    home.must(['--import'], signer.publicKey);
    home.must(['--import'], publicKey);
    const listing = home.must(['--list-keys', '--with-colons', '--fixed-list-mode']).toString();
    expect(rows(listing, 'pub')[0]?.[6]).toBe(seconds(ends));
    const file = home.file('content', content);
    for (const signature of [before, await signDetached(content, { secretKey })])
      expect(home.run(['--verify', home.file('signature', signature), file]).status).toBe(0);
  });

  test('that has expired is extended to be used again', async () => {
    const past = new Date(Date.now() - 20 * day);
    const expired = await generateKeyPair({ ...ours, now: past, expiresInDays: 10 });
    await expect(readRecipient(expired.publicKey, now())).rejects.toMatchObject({
      code: 'recipient-expired',
    });
    const later = new Date(Math.floor(Date.now() / 1000) * 1000 + 10 * day);
    const { publicKey } = await renewKey(expired.secretKey, { change: 'extend', ends: later, now: now() });
    expect((await readRecipient(publicKey, now())).expires).toEqual(later);
    const home = newHome();
    home.must(['--import'], publicKey);
    const listing = home.must(['--list-keys', '--with-colons', '--fixed-list-mode']).toString();
    expect(rows(listing, 'pub')[0]?.slice(1, 7)).toMatchObject([/[^e]/, '255', '22', {}, {}, seconds(later)]);
  });

  test('merged with a copy that was changed by gpg elsewhere has the changes of both', async () => {
    const { publicKey, secretKey, fingerprint } = gpgKey(maker, 'ed25519', 'cv25519');
    const elsewhere = newHome();
    elsewhere.must(['--import'], secretKey);
    elsewhere.must(['--quick-add-uid', fingerprint, 'second <second@example.org>']);
    const changed = elsewhere.must(['--export', fingerprint]);
    const renewed = await renewKey(secretKey, { change: 'subkey', ends, now: now() });
    const merged = await mergePublicKeys(renewed.publicKey, changed);
    const both = await describeKey(merged, now());
    expect(both.userIds).toContain('second <second@example.org>');
    expect(both.encryptionKeys).toHaveLength(2);
    // Again, nothing comes to it.
    expect(await mergePublicKeys(renewed.publicKey, merged)).toBe(merged);
    expect((await describeKey(publicKey, now())).encryptionKeys).toHaveLength(1);
  });
});
