import {
  createMessage,
  generateKey,
  type PrivateKey,
  readKey,
  readPrivateKey,
  revokeKey,
  sign,
} from 'openpgp';
import { beforeAll, describe, expect, it } from 'vitest';
import { ExitCode } from '../../src/lib/base/exit-code.ts';
import {
  generateKeyPair,
  type KeyPair,
  readRecipient,
  readSecretKey,
} from '../../src/lib/crypto/openpgp-key.ts';

const now = new Date('2026-03-01T00:00:00Z');
const dayMs = 86_400_000;
const user = { name: 'Operations', email: 'ops@example.org' };
const usage = (code: string) => expect.objectContaining({ exitCode: ExitCode.usage, code });

function daysLater(days: number): Date {
  return new Date(now.getTime() + days * dayMs);
}

/** Unlike our own keys: expiry per subkey, RSA, revocation. */
async function oddKey(options: Partial<Parameters<typeof generateKey>[0]>): Promise<PrivateKey> {
  const { privateKey } = await generateKey({
    userIDs: [user],
    type: 'ecc',
    curve: 'ed25519Legacy',
    date: now,
    ...options,
    format: 'object',
  });
  return privateKey;
}

let pair: KeyPair;
beforeAll(async () => {
  pair = await generateKeyPair({ ...user, purpose: 'encrypt', now });
});

describe('generateKeyPair', () => {
  it('makes a version 4 key with the algorithm numbers that gpg 2.2 knows', async () => {
    const key = await readKey({ armoredKey: pair.publicKey });
    expect(key.keyPacket.version).toBe(4);
    expect(key.getAlgorithmInfo()).toEqual({ algorithm: 'eddsaLegacy', curve: 'ed25519Legacy' });
    expect(key.subkeys.map((subkey) => subkey.getAlgorithmInfo())).toEqual([
      { algorithm: 'ecdh', curve: 'curve25519Legacy' },
    ]);
    expect(pair.fingerprint).toMatch(/^[0-9A-F]{40}$/);
    expect(key.isPrivate()).toBe(false);
  });

  it('gives a signing key no encryption subkey', async () => {
    const { publicKey } = await generateKeyPair({ ...user, purpose: 'sign', now });
    await expect(readRecipient(publicKey, now)).rejects.toThrow(usage('recipient-no-encryption'));
  });

  it('makes a revocation certificate that revokes the key', async () => {
    const key = await readKey({ armoredKey: pair.publicKey });
    const revoked = await revokeKey({
      key,
      revocationCertificate: pair.revocationCertificate,
      format: 'object',
    });
    await expect(readRecipient(revoked.publicKey.armor(), now)).rejects.toThrow(usage('recipient-revoked'));
  });

  it.each([
    ['an e-mail without @', { ...user, email: 'ops' }],
    ['an empty name', { ...user, name: '' }],
    ['brackets in the name', { ...user, name: 'Ops <root@example.org>' }],
    ['a line break in the name', { ...user, name: 'Ops\nuid' }],
  ])('refuses %s', async (_name, badUser) => {
    await expect(generateKeyPair({ ...badUser, purpose: 'sign' })).rejects.toThrow(
      usage('key-user-id-invalid'),
    );
  });

  it.each([0, -1, 1.5, Number.NaN, 49_711])(
    'refuses an expiry of %s days, which OpenPGP would read otherwise',
    async (days) => {
      await expect(generateKeyPair({ ...user, purpose: 'sign', expiresInDays: days })).rejects.toThrow(
        usage('key-expiry-invalid'),
      );
    },
  );
});

describe('readRecipient', () => {
  it('names the key, its user and the subkey that encrypts', async () => {
    const recipient = await readRecipient(pair.publicKey, now);
    expect(recipient).toMatchObject({
      fingerprint: pair.fingerprint,
      userIds: ['Operations <ops@example.org>'],
      checkedAt: now,
    });
    expect(recipient.encryptionFingerprint).not.toBe(recipient.fingerprint);
    expect(recipient.encryptionFingerprint.endsWith(recipient.encryptionKeyId)).toBe(true);
    expect(recipient).not.toHaveProperty('expires');
  });

  it('reads a binary key, and an armored one as the bytes of a file', async () => {
    const binary = (await readKey({ armoredKey: pair.publicKey })).write();
    const expected = await readRecipient(pair.publicKey, now);
    expect(await readRecipient(binary, now)).toEqual(expected);
    expect(await readRecipient(Buffer.from(pair.publicKey), now)).toEqual(expected);
  });

  it('tells when the key ends, and refuses it from that second on', async () => {
    const { publicKey } = await generateKeyPair({ ...user, purpose: 'encrypt', now, expiresInDays: 30 });
    expect((await readRecipient(publicKey, new Date(daysLater(30).getTime() - 1000))).expires).toEqual(
      daysLater(30),
    );
    await expect(readRecipient(publicKey, daysLater(30))).rejects.toThrow(usage('recipient-expired'));
  });

  it('refuses a key whose encryption subkey alone has expired', async () => {
    const key = await oddKey({ subkeys: [{ keyExpirationTime: 86_400 }] });
    const armored = key.toPublic().armor();
    expect((await readRecipient(armored, now)).expires).toEqual(daysLater(1));
    await expect(readRecipient(armored, daysLater(1))).rejects.toThrow(usage('recipient-expired'));
  });

  it('refuses a key whose primary key alone has expired', async () => {
    const key = await oddKey({ keyExpirationTime: 86_400, subkeys: [{ keyExpirationTime: 0 }] });
    const armored = key.toPublic().armor();
    expect((await readRecipient(armored, now)).expires).toEqual(daysLater(1));
    await expect(readRecipient(armored, daysLater(1))).rejects.toThrow(usage('recipient-expired'));
  });

  it('refuses a key from the future', async () => {
    await expect(readRecipient(pair.publicKey, daysLater(-1))).rejects.toThrow(
      usage('recipient-not-yet-valid'),
    );
  });

  it('refuses a revoked key, even when its clock was behind ours', async () => {
    const key = await readPrivateKey({ armoredKey: pair.secretKey });
    const { publicKey } = await revokeKey({ key, date: daysLater(2), format: 'object' });
    await expect(readRecipient(publicKey.armor(), daysLater(1))).rejects.toThrow(usage('recipient-revoked'));
  });

  it('refuses a key whose only encryption subkey is revoked', async () => {
    const key = await oddKey({});
    const [subkey] = key.subkeys;
    if (subkey === undefined || !('privateParams' in key.keyPacket)) throw new Error('the key has no subkey');
    key.subkeys = [await subkey.revoke(key.keyPacket, undefined, now)];
    await expect(readRecipient(key.toPublic().armor(), daysLater(1))).rejects.toThrow(
      usage('recipient-revoked'),
    );
  });

  it('refuses a secret key, so that nobody leaves one on the backup host', async () => {
    await expect(readRecipient(pair.secretKey, now)).rejects.toThrow(usage('recipient-is-secret'));
  });

  it('refuses a key of version 6, which no gpg reads', async () => {
    const key = await oddKey({ type: 'curve25519', config: { v6Keys: true } });
    await expect(readRecipient(key.toPublic().armor(), now)).rejects.toThrow(usage('recipient-unsupported'));
  });

  it('refuses RSA of 1024 bits', async () => {
    const key = await oddKey({ type: 'rsa', rsaBits: 1024, config: { minRSABits: 1024 } });
    await expect(readRecipient(key.toPublic().armor(), now)).rejects.toThrow(usage('recipient-unsupported'));
  });

  it('refuses two keys in one file', async () => {
    const other = await generateKeyPair({ ...user, purpose: 'encrypt', now });
    const binaries = await Promise.all(
      [pair, other].map(async ({ publicKey }) => (await readKey({ armoredKey: publicKey })).write()),
    );
    await expect(readRecipient(pair.publicKey + other.publicKey, now)).rejects.toThrow(
      usage('recipient-ambiguous'),
    );
    await expect(readRecipient(Buffer.concat(binaries), now)).rejects.toThrow(usage('recipient-ambiguous'));
  });

  it.each([
    ['nothing', ''],
    ['text', 'hello'],
    ['no bytes', new Uint8Array()],
    ['random bytes', Buffer.from('5f3a9c01', 'hex')],
    ['half a key', 'half'],
    ['a signature', 'signature'],
  ])('refuses %s', async (name, data) => {
    const inputs: Record<string, () => Promise<string> | string> = {
      'half a key': () => pair.publicKey.slice(0, 200),
      'a signature': async () =>
        await sign({
          message: await createMessage({ text: 'x' }),
          signingKeys: await readPrivateKey({ armoredKey: pair.secretKey }),
          detached: true,
        }),
    };
    const input = (await inputs[name]?.()) ?? data;
    await expect(readRecipient(input, now)).rejects.toThrow(usage('recipient-not-a-key'));
  });
});

describe('readSecretKey', () => {
  it('reads a key without a passphrase', async () => {
    expect(await readSecretKey(pair.secretKey)).toMatchObject({ fingerprint: pair.fingerprint });
  });

  it('unlocks a key with its passphrase, and with no other', async () => {
    const locked = await generateKeyPair({ ...user, purpose: 'encrypt', now, passphrase: 'correct horse' });
    const { key } = await readSecretKey(locked.secretKey, 'correct horse');
    expect(key.getKeys().every(({ keyPacket }) => keyPacket.isDecrypted())).toBe(true);
    await expect(readSecretKey(locked.secretKey, 'battery staple')).rejects.toThrow(
      usage('secret-key-locked'),
    );
    await expect(readSecretKey(locked.secretKey)).rejects.toThrow(usage('secret-key-locked'));
  });

  it('refuses a public key', async () => {
    await expect(readSecretKey(pair.publicKey)).rejects.toThrow(usage('secret-key-is-public'));
  });

  it.each([
    ['text', 'hello'],
    ['nothing', ''],
  ])('refuses %s', async (_name, text) => {
    await expect(readSecretKey(text)).rejects.toThrow(usage('secret-key-unreadable'));
  });

  it('refuses a secret half that does not belong to the public half', async () => {
    const [ours, theirs] = await Promise.all([oddKey({}), oddKey({})]);
    Object.assign(ours.keyPacket, {
      privateParams: (theirs.keyPacket as { privateParams?: object }).privateParams,
    });
    await expect(readSecretKey(ours.armor())).rejects.toThrow(usage('secret-key-unreadable'));
  });

  it('refuses two keys in one file', async () => {
    await expect(readSecretKey(pair.secretKey + pair.secretKey)).rejects.toThrow(
      usage('secret-key-unreadable'),
    );
  });
});
