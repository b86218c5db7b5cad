import { randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  beginMessage,
  messageHeadSize,
  openMessage,
  openMessageWithSessionKey,
  sessionKeyOf,
} from '../../src/lib/crypto/openpgp-container.ts';
import { partialSize } from '../../src/lib/crypto/openpgp-framing.ts';
import {
  formatSessionKey,
  parseSessionKey,
  type SessionKey,
  wipeSessionKey,
} from '../../src/lib/crypto/openpgp-session-key.ts';
import { corrupt, usage } from './container-errors.ts';
import { aSessionKey, type MessageForTwo, messageForTwo, seal, withByte } from './message-fixture.ts';

const content = randomBytes(3_000);

let world: MessageForTwo;
beforeAll(async () => {
  world = await messageForTwo(content);
});

describe('openMessageWithSessionKey', () => {
  it('opens a message with and without recipients', async () => {
    const sessionKey = aSessionKey();
    for (const recipients of [world.recipients, []]) {
      const sealed = await seal(content, recipients, { sessionKey });
      expect(content.equals(await openMessageWithSessionKey(sealed, sessionKey))).toBe(true);
    }
  });

  it.each([0, 1, 511, partialSize - 6, partialSize, 2 * partialSize + 5])(
    'opens a message of %i bytes without recipients',
    async (size) => {
      const sessionKey = aSessionKey();
      const plain = randomBytes(size);
      const sealed = await seal(plain, [], { sessionKey });
      expect(plain.equals(await openMessageWithSessionKey(sealed, sessionKey))).toBe(true);
    },
  );

  it("refuses another message's session key, and each key that differs in one bit", async () => {
    const sessionKey = aSessionKey();
    const sealed = await seal(content, [], { sessionKey });
    await expect(openMessageWithSessionKey(world.message, sessionKey)).rejects.toThrow(corrupt);
    await expect(openMessageWithSessionKey(world.message, sessionKey)).rejects.toThrow(
      'session key is not its own',
    );
    for (let bit = 0; bit < 256; bit++) {
      const bytes = Uint8Array.from(sessionKey.bytes);
      bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7));
      await expect(openMessageWithSessionKey(sealed, { algorithm: 9, bytes })).rejects.toThrow(corrupt);
    }
  });

  it('refuses the right bytes as a key of another cipher, and other lengths', async () => {
    const sessionKey = aSessionKey();
    const sealed = await seal(content, [], { sessionKey });
    const { bytes } = sessionKey;
    const wrong: readonly SessionKey[] = [
      { algorithm: 7, bytes },
      { algorithm: 10, bytes },
      { algorithm: 9, bytes: bytes.subarray(1) },
      { algorithm: 9, bytes: new Uint8Array() },
      { algorithm: 9, bytes: new Uint8Array(32) },
    ];
    for (const each of wrong) {
      await expect(openMessageWithSessionKey(sealed, each)).rejects.toThrow(usage('session-key-invalid'));
    }
    await expect(
      openMessageWithSessionKey(sealed, { algorithm: 7, bytes: bytes.subarray(0, 16) }),
    ).rejects.toThrow(corrupt);
  });

  it('opens no message without recipients that was changed in any bit of any byte, cut short, or made longer', async () => {
    const sessionKey = aSessionKey();
    const sealed = await seal(content.subarray(0, 200), [], { sessionKey });
    const open = async (data: Uint8Array) =>
      await openMessageWithSessionKey(data, sessionKey).catch((error: unknown) => error);
    for (let offset = 0; offset < sealed.length; offset++) {
      for (let bit = 0; bit < 8; bit++) {
        const changed = withByte(sealed, offset, (sealed[offset] as number) ^ (1 << bit));
        expect(await open(changed), `byte ${offset}, bit ${bit}`).toMatchObject({
          code: expect.stringMatching(/^(container-corrupt|unsupported-container)$/),
        });
      }
      expect(await open(sealed.subarray(0, offset))).toEqual(corrupt);
    }
    for (const tail of [Uint8Array.of(0), Uint8Array.of(0xd2), sealed]) {
      expect(await open(Buffer.concat([sealed, tail]))).toEqual(corrupt);
    }
  });
});

describe('a writer with a session key', () => {
  it('writes for recipients with the key that it was given', async () => {
    const sessionKey = aSessionKey();
    const sealed = await seal(content, world.recipients, { sessionKey });
    expect(formatSessionKey(await sessionKeyOf(sealed, [world.operations.secret]))).toBe(
      formatSessionKey(sessionKey),
    );
    expect(content.equals(await openMessage(sealed, [world.offline.secret]))).toBe(true);
  });

  it('writes other bytes each time, although the key is the same', async () => {
    const sessionKey = aSessionKey();
    const [one, two] = await Promise.all([1, 2].map(() => seal(content, [], { sessionKey })));
    expect(one?.byteLength).toBe(two?.byteLength);
    expect(one?.subarray(4, 20).equals(two?.subarray(4, 20) as Buffer)).toBe(false);
  });

  it('does not mind that the key it was given, or the key that it told, is wiped', async () => {
    const sessionKey = aSessionKey();
    const kept = parseSessionKey(formatSessionKey(sessionKey));
    const writer = await beginMessage([world.operations.recipient], { sessionKey });
    wipeSessionKey(sessionKey);
    wipeSessionKey(writer.sessionKey());
    const sealed = Buffer.concat([...writer.write(content), ...writer.finish()]);
    expect(content.equals(await writer.opener()(sealed))).toBe(true);
    expect(content.equals(await openMessageWithSessionKey(sealed, kept))).toBe(true);
    expect(content.equals(await openMessage(sealed, [world.operations.secret]))).toBe(true);
  });

  it('opens its own message without recipients before it is sent, and no other', async () => {
    const writer = await beginMessage([], { sessionKey: aSessionKey() });
    const sealed = Buffer.concat([...writer.write(content), ...writer.finish()]);
    expect(content.equals(await writer.opener()(sealed))).toBe(true);
    await expect(writer.opener()(world.message)).rejects.toThrow(corrupt);
  });

  it.each([
    ['a wiped key', { algorithm: 9, bytes: new Uint8Array(32) }],
    ['a short key', { algorithm: 9, bytes: randomBytes(31) }],
    ['AES-128', { algorithm: 7, bytes: randomBytes(16) }],
    ['Triple DES', { algorithm: 2, bytes: randomBytes(24) }],
  ])('refuses %s', async (_name, sessionKey) => {
    for (const recipients of [world.recipients, []]) {
      await expect(beginMessage(recipients, { sessionKey })).rejects.toThrow(usage('session-key-invalid'));
    }
  });

  it('refuses more recipients than fit in a head', async () => {
    const many = Array.from({ length: 690 }, () => world.operations.recipient);
    await expect(beginMessage(many)).rejects.toThrow(usage('recipients-too-many'));
    const sealed = await seal(content, many.slice(0, 600));
    await expect(
      sessionKeyOf(sealed.subarray(0, messageHeadSize), [world.operations.secret]),
    ).resolves.toBeDefined();
  });
});
