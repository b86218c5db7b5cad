import fc from 'fast-check';
import {
  enums,
  generateKey,
  type PrivateKey,
  readKey,
  readPrivateKey,
  reformatKey,
  revokeKey,
} from 'openpgp';
import { beforeAll, describe, expect, it } from 'vitest';
import { ExitCode } from '../../src/lib/base/exit-code.ts';
import { describeMessage } from '../../src/lib/crypto/openpgp-container.ts';
import { generateKeyPair, type KeyPair, readRecipient } from '../../src/lib/crypto/openpgp-key.ts';
import { describeKey } from '../../src/lib/crypto/openpgp-key-description.ts';
import { seal } from './message-fixture.ts';

const now = new Date('2026-03-01T00:00:00Z');
const user = { name: 'Operations', email: 'ops@example.org' };

function daysLater(days: number): Date {
  return new Date(now.getTime() + days * 86_400_000);
}

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
  pair = await generateKeyPair({ ...user, purpose: 'encrypt', now, expiresInDays: 30 });
});

describe('describeKey', () => {
  it('tells of a public key whose it is, until when, and what encrypts', async () => {
    const recipient = await readRecipient(pair.publicKey, now);
    expect(await describeKey(pair.publicKey, now)).toEqual({
      fingerprint: pair.fingerprint,
      kind: 'public',
      userIds: ['Operations <ops@example.org>'],
      created: now,
      expires: daysLater(30),
      revoked: false,
      encryptionKeys: [
        {
          keyId: recipient.encryptionKeyId,
          fingerprint: recipient.encryptionFingerprint,
          created: now,
          expires: daysLater(30),
          revoked: false,
          hasSecret: false,
        },
      ],
      encryption: { possible: true, keyId: recipient.encryptionKeyId, until: daysLater(30) },
    });
  });

  it('reads a key that never expires, binary, and as the bytes of a file', async () => {
    const { publicKey } = await generateKeyPair({ ...user, purpose: 'encrypt', now });
    const description = await describeKey(publicKey, now);
    expect(description).not.toHaveProperty('expires');
    expect(description.encryption).toEqual({ possible: true, keyId: description.encryptionKeys[0]?.keyId });
    expect(await describeKey((await readKey({ armoredKey: publicKey })).write(), now)).toEqual(description);
    expect(await describeKey(Buffer.from(publicKey), now)).toEqual(description);
  });

  it('answers for an expired key what readRecipient refuses it for', async () => {
    const description = await describeKey(pair.publicKey, daysLater(30));
    expect(description).toMatchObject({
      expires: daysLater(30),
      revoked: false,
      encryptionKeys: [{ expires: daysLater(30) }],
      encryption: { possible: false, code: 'recipient-expired' },
    });
    await expect(readRecipient(pair.publicKey, daysLater(30))).rejects.toThrow(
      description.encryption.possible ? '' : description.encryption.why,
    );
  });

  it('takes the earlier end for the end of encryption', async () => {
    const key = await oddKey({ keyExpirationTime: 20 * 86_400, subkeys: [{ keyExpirationTime: 86_400 }] });
    expect(await describeKey(key.toPublic().armor(), now)).toMatchObject({
      expires: daysLater(20),
      encryptionKeys: [{ expires: daysLater(1) }],
      encryption: { possible: true, until: daysLater(1) },
    });
  });

  it('tells of a revoked key', async () => {
    const key = await readPrivateKey({ armoredKey: pair.secretKey });
    const { publicKey } = await revokeKey({ key, date: daysLater(1), format: 'object' });
    expect(await describeKey(publicKey.armor(), daysLater(2))).toMatchObject({
      revoked: true,
      encryption: { possible: false, code: 'recipient-revoked' },
    });
  });

  it('counts a revocation as of its own date where the key was only retired', async () => {
    const key = await readPrivateKey({ armoredKey: pair.secretKey });
    const retired = await revokeKey({
      key,
      date: daysLater(3),
      reasonForRevocation: { flag: enums.reasonForRevocation.keyRetired },
      format: 'object',
    });
    const armored = retired.publicKey.armor();
    expect((await describeKey(armored, daysLater(2))).revoked).toBe(false);
    expect((await describeKey(armored, daysLater(4))).revoked).toBe(true);
  });

  it('lists subkeys that were revoked or have expired beside the one that is used now', async () => {
    const key = await oddKey({ subkeys: [{}, { keyExpirationTime: 86_400 }, {}] });
    const [first] = key.subkeys;
    if (first === undefined || !('privateParams' in key.keyPacket)) throw new Error('the key has no subkey');
    key.subkeys = [await first.revoke(key.keyPacket, undefined, now), ...key.subkeys.slice(1)];
    const description = await describeKey(key.toPublic().armor(), daysLater(2));
    expect(description.encryptionKeys.map(({ revoked, expires }) => ({ revoked, expires }))).toEqual([
      { revoked: true, expires: undefined },
      { revoked: false, expires: daysLater(1) },
      { revoked: false, expires: undefined },
    ]);
    expect(description.encryption).toMatchObject({
      possible: true,
      keyId: description.encryptionKeys[2]?.keyId,
    });
  });

  it('does not believe a revocation that the owner did not sign', async () => {
    const [key, other] = await Promise.all([oddKey({}), oddKey({})]);
    const foreign = other.subkeys[0];
    if (foreign === undefined || !('privateParams' in other.keyPacket))
      throw new Error('the key has no subkey');
    const { revocationSignatures } = await foreign.revoke(other.keyPacket, undefined, now);
    for (const subkey of key.subkeys) subkey.revocationSignatures = revocationSignatures;
    expect((await describeKey(key.toPublic().armor(), daysLater(1))).encryptionKeys).toMatchObject([
      { revoked: false },
    ]);
  });

  it('finds no encryption in a key for signing', async () => {
    const { publicKey } = await generateKeyPair({ ...user, purpose: 'sign', now });
    expect(await describeKey(publicKey, now)).toMatchObject({
      encryptionKeys: [],
      encryption: { possible: false, code: 'recipient-no-encryption' },
    });
  });

  it('leaves out an RSA primary key that only certifies, and a subkey that only signs', async () => {
    const key = await oddKey({ type: 'rsa', rsaBits: 2048, subkeys: [{ sign: true }, {}] });
    const description = await describeKey(key.toPublic().armor(), now);
    expect(description.encryptionKeys.map(({ keyId }) => keyId)).toEqual([
      key.subkeys[1]?.getKeyID().toHex().toUpperCase(),
    ]);
  });

  it('tells of a key that is too weak or too new that it cannot be used', async () => {
    const weak = await oddKey({ type: 'rsa', rsaBits: 1024, config: { minRSABits: 1024 } });
    const version6 = await oddKey({ type: 'curve25519', config: { v6Keys: true } });
    for (const key of [weak, version6]) {
      const description = await describeKey(key.toPublic().armor(), now);
      expect(description.encryptionKeys).toHaveLength(1);
      expect(description.encryption).toMatchObject({ possible: false, code: 'recipient-unsupported' });
    }
  });

  it('tells of a secret key, without its passphrase, which messages it opens', async () => {
    const locked = await generateKeyPair({ ...user, purpose: 'encrypt', now, passphrase: 'correct horse' });
    const recipient = await readRecipient(locked.publicKey, now);
    const description = await describeKey(locked.secretKey, now);
    expect(description).toMatchObject({
      kind: 'secret',
      encryptionKeys: [{ hasSecret: true }],
      encryption: { possible: true },
    });
    const { recipientKeyIds } = describeMessage(await seal(Buffer.from('content'), [recipient]));
    expect(description.encryptionKeys.map(({ keyId }) => keyId)).toEqual(recipientKeyIds);
  });

  it('does not count on a secret that is kept elsewhere, as on a smartcard', async () => {
    const key = await oddKey({ subkeys: [{}, {}] });
    const [first] = key.subkeys;
    if (first === undefined || !('makeDummy' in first.keyPacket))
      throw new Error('the key has no secret subkey');
    first.keyPacket.makeDummy();
    expect((await describeKey(key.armor(), now)).encryptionKeys).toMatchObject([
      { hasSecret: false },
      { hasSecret: true },
    ]);
  });

  it('tells the latest word where an owner has extended a key', async () => {
    const key = await readPrivateKey({ armoredKey: pair.secretKey });
    const { publicKey } = await reformatKey({
      privateKey: key,
      userIDs: user,
      date: daysLater(5),
      keyExpirationTime: 90 * 86_400,
      format: 'object',
    });
    expect(await describeKey(publicKey.armor(), daysLater(40))).toMatchObject({
      expires: daysLater(90),
      encryption: { possible: true, until: daysLater(90) },
    });
  });

  it('refuses what is no key, and several keys in one file', async () => {
    const other = await generateKeyPair({ ...user, purpose: 'encrypt', now });
    for (const text of ['', 'hello', pair.publicKey.slice(0, 200)]) {
      await expect(describeKey(text, now)).rejects.toMatchObject({
        exitCode: ExitCode.usage,
        code: 'recipient-not-a-key',
      });
    }
    await expect(describeKey(pair.publicKey + other.publicKey, now)).rejects.toMatchObject({
      code: 'recipient-ambiguous',
    });
  });

  it('answers a damaged key with a description or one of its errors', async () => {
    const binary = Buffer.from((await readKey({ armoredKey: pair.publicKey })).write());
    const damage = fc.array(fc.tuple(fc.nat(binary.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(damage, fc.nat(binary.length), async (changes, length) => {
        const changed = Buffer.from(binary);
        for (const [offset, value] of changes) changed[offset] = value;
        const outcome = await describeKey(changed.subarray(0, Math.max(length, 1)), now).catch(
          (error: unknown) => error,
        );
        if (outcome instanceof Error) expect(outcome).toHaveProperty('exitCode', ExitCode.usage);
      }),
      { numRuns: 300 },
    );
  });
});
