import { createMessage, encrypt, enums, generateKey, readKey, readPrivateKey, revokeKey } from 'openpgp';
import { beforeAll, describe, expect, it } from 'vitest';
import { openMessage } from '../../src/lib/crypto/openpgp-container.ts';
import { generateKeyPair, readRecipient, readSecretKey } from '../../src/lib/crypto/openpgp-key.ts';
import { notForUs, unsupported } from './container-errors.ts';
import { type Person, packet, person, seal } from './message-fixture.ts';

let operations: Person;
let offline: Person;
let stranger: Person;
beforeAll(async () => {
  [operations, offline, stranger] = await Promise.all([
    person('operations'),
    person('offline'),
    person('stranger'),
  ]);
});

const both = () => [operations.recipient, offline.recipient];

describe('openMessage', () => {
  it('refuses the key of somebody else, and names the keys that it needs', async () => {
    const message = await seal(Buffer.from('content'), both());
    await expect(openMessage(message, [stranger.secret])).rejects.toThrow(notForUs);
    await expect(openMessage(message, [])).rejects.toThrow(offline.recipient.encryptionKeyId);
    expect(Buffer.from(await openMessage(message, [stranger.secret, offline.secret])).toString()).toBe(
      'content',
    );
  });

  it('opens with a key that was revoked, or has expired, since', async () => {
    const message = await seal(Buffer.from('content'), both());
    const key = await readPrivateKey({ armoredKey: operations.secretKey });
    const { privateKey } = await revokeKey({ key, format: 'object' });
    const revoked = await readSecretKey(privateKey.armor());
    expect(Buffer.from(await openMessage(message, [revoked])).toString()).toBe('content');

    const past = new Date('2020-01-01');
    const old = await generateKeyPair({
      name: 'old',
      email: 'old@example.org',
      purpose: 'encrypt',
      now: past,
      expiresInDays: 1,
    });
    const oldMessage = await seal(Buffer.from('old'), [await readRecipient(old.publicKey, past)]);
    expect(Buffer.from(await openMessage(oldMessage, [await readSecretKey(old.secretKey)])).toString()).toBe(
      'old',
    );
  });

  it.each(['x25519', 'rsa', 'nistP256'] as const)('works for a recipient with a %s key', async (kind) => {
    const types = {
      x25519: { type: 'curve25519' },
      rsa: { type: 'rsa', rsaBits: 2048 },
      nistP256: { type: 'ecc', curve: 'nistP256' },
    } as const;
    const { privateKey, publicKey } = await generateKey({
      ...types[kind],
      userIDs: { email: 'a@example.org' },
      format: 'object',
    });
    const message = await seal(Buffer.from('content'), [await readRecipient(publicKey.armor(), new Date())]);
    const secret = await readSecretKey(privateKey.armor());
    expect(Buffer.from(await openMessage(message, [secret])).toString()).toBe('content');
  });

  it.each([
    ['plain', {}],
    ['for a hidden recipient', { wildcard: true }],
    ['ZIP-compressed', { config: { preferredCompressionAlgorithm: enums.compression.zip } }],
    ['ZLIB-compressed', { config: { preferredCompressionAlgorithm: enums.compression.zlib } }],
  ])("opens openpgp.js's message: %s", async (_name, options) => {
    const content = Buffer.alloc(300_000, 'mail');
    const { privateKey, publicKey } = await generateKey({
      userIDs: { email: 'a@example.org' },
      format: 'object',
      ...('config' in options ? { config: options.config } : {}),
    });
    const message = await encrypt({
      message: await createMessage({ binary: content, filename: 'part.sql', date: new Date() }),
      encryptionKeys: [publicKey, await readKey({ armoredKey: stranger.publicKey })],
      format: 'binary',
      ...options,
    });
    const opened = await openMessage(message, [offline.secret, await readSecretKey(privateKey.armor())]);
    expect(content.equals(opened)).toBe(true);
  });

  it('says that it cannot open AEAD, instead of calling it corrupt', async () => {
    const config = { aeadProtect: true };
    const { privateKey, publicKey } = await generateKey({
      userIDs: { email: 'a@example.org' },
      format: 'object',
      config,
    });
    const message = await encrypt({
      message: await createMessage({ binary: Buffer.from('content') }),
      encryptionKeys: publicKey,
      format: 'binary',
      config,
    });
    const secret = await readSecretKey(privateKey.armor());
    await expect(openMessage(message, [secret])).rejects.toThrow(unsupported);
    await expect(openMessage(packet(20, Buffer.alloc(60)), [secret])).rejects.toThrow(unsupported);
    await expect(openMessage(packet(9, Buffer.alloc(60)), [secret])).rejects.toThrow(unsupported);
  });

  it('says that it cannot open a signed message', async () => {
    const message = await encrypt({
      message: await createMessage({ binary: Buffer.from('content') }),
      encryptionKeys: await readKey({ armoredKey: operations.publicKey }),
      signingKeys: operations.secret.key,
      format: 'binary',
    });
    await expect(openMessage(message, [operations.secret])).rejects.toThrow(unsupported);
  });
});
