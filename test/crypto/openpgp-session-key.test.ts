import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { ExitCode } from '../../src/lib/base/exit-code.ts';
import {
  beginMessage,
  describeMessage,
  messageHeadSize,
  openMessage,
  openMessageWithSessionKey,
  sessionKeyFits,
  sessionKeyOf,
} from '../../src/lib/crypto/openpgp-container.ts';
import { partialSize } from '../../src/lib/crypto/openpgp-framing.ts';
import {
  formatSessionKey,
  parseSessionKey,
  type SessionKey,
  wipeSessionKey,
} from '../../src/lib/crypto/openpgp-session-key.ts';
import { type Person, packet, person, seal, withByte } from './message-fixture.ts';

const corrupt = expect.objectContaining({ exitCode: ExitCode.integrity, code: 'container-corrupt' });
const notForUs = expect.objectContaining({ exitCode: ExitCode.failure, code: 'not-for-these-keys' });
const unsupported = expect.objectContaining({ exitCode: ExitCode.failure, code: 'unsupported-container' });
const usage = (code: string) => expect.objectContaining({ exitCode: ExitCode.usage, code });

const aSessionKey = (): SessionKey => ({ algorithm: 9, bytes: randomBytes(32) });
const content = randomBytes(3_000);

let operations: Person;
let offline: Person;
let stranger: Person;
let message: Buffer;
beforeAll(async () => {
  [operations, offline, stranger] = await Promise.all([
    person('operations'),
    person('offline'),
    person('stranger'),
  ]);
  message = await seal(content, both());
});

const both = () => [operations.recipient, offline.recipient];

/** The bytes of the session key packets, which have one octet of length each here. */
function headEnd(of: Uint8Array): number {
  const second = 2 + (of[1] as number);
  return second + 2 + (of[second + 1] as number);
}

describe('a session key as text', () => {
  it('is the cipher, a colon and uppercase hexadecimal digits, as gpg has it', () => {
    const bytes = Uint8Array.from({ length: 32 }, (_, index) => index + 0xa0);
    const text = `9:${Buffer.from(bytes).toString('hex').toUpperCase()}`;
    expect(formatSessionKey({ algorithm: 9, bytes })).toBe(text);
    expect(parseSessionKey(text)).toEqual({ algorithm: 9, bytes: Buffer.from(bytes) });
    expect(parseSessionKey(text.toLowerCase())).toEqual(parseSessionKey(text));
  });

  it.each([
    ['7', 16],
    ['8', 24],
    ['9', 32],
  ])('comes back equal for cipher %s', (algorithm, size) => {
    const sessionKey = { algorithm: Number(algorithm), bytes: randomBytes(size) };
    expect(parseSessionKey(formatSessionKey(sessionKey))).toEqual(sessionKey);
  });

  it.each([
    ['nothing', ''],
    ['no cipher', `:${'A1'.repeat(32)}`],
    ['no colon', `9${'A1'.repeat(32)}`],
    ['no key', '9:'],
    ['half an octet', `9:${'A1'.repeat(31)}A`],
    ['an octet less', `9:${'A1'.repeat(31)}`],
    ['an octet more', `9:${'A1'.repeat(33)}`],
    ['the length of another cipher', `9:${'A1'.repeat(16)}`],
    ['Triple DES', `2:${'A1'.repeat(24)}`],
    ['Twofish', `10:${'A1'.repeat(32)}`],
    ['zeros, which is what is left of a wiped key', `9:${'00'.repeat(32)}`],
    ['a line break', `9:${'A1'.repeat(32)}\n`],
    ["gpg's whole line", `gpg: session key: '9:${'A1'.repeat(32)}'`],
    ['letters beyond F', `9:${'G1'.repeat(32)}`],
  ])('is refused with %s, and not quoted', (_name, text) => {
    expect(() => parseSessionKey(text)).toThrow(usage('session-key-invalid'));
    expect(() => parseSessionKey(text)).not.toThrow(/A1A1|G1G1/);
  });

  it('is a session key or refused, whatever the text', () => {
    const anyText = fc.oneof(fc.string(), fc.stringMatching(/^[0-9]{0,3}:?[0-9A-Fa-f]{0,70}$/));
    fc.assert(
      fc.property(anyText, (text) => {
        let sessionKey: SessionKey;
        try {
          sessionKey = parseSessionKey(text);
        } catch (error) {
          expect(error).toMatchObject({ code: 'session-key-invalid' });
          return;
        }
        expect(parseSessionKey(formatSessionKey(sessionKey))).toEqual(sessionKey);
      }),
      { numRuns: 2_000 },
    );
  });

  it('is not made of a wiped key', () => {
    const sessionKey = aSessionKey();
    wipeSessionKey(sessionKey);
    expect(() => formatSessionKey(sessionKey)).toThrow(usage('session-key-invalid'));
  });
});

describe('sessionKeyOf', () => {
  it('finds the same key for each recipient, and the key opens the message', async () => {
    const keys = await Promise.all(
      [operations, offline].map(({ secret }) => sessionKeyOf(message, [secret])),
    );
    expect(keys[0]).toEqual(keys[1]);
    expect(content.equals(await openMessageWithSessionKey(message, keys[0] as SessionKey))).toBe(true);
  });

  it('finds the key that the writer tells', async () => {
    const writer = await beginMessage(both());
    const written = Buffer.concat([...writer.write(content), ...writer.finish()]);
    const { algorithm, bytes } = await sessionKeyOf(written, [offline.secret]);
    expect(algorithm).toBe(9);
    expect(Buffer.compare(bytes, writer.sessionKey().bytes)).toBe(0);
  });

  it('reads no further than the header of the encrypted packet', async () => {
    const large = await seal(randomBytes(2 * partialSize), both());
    const enough = headEnd(large) + 3;
    const whole = await sessionKeyOf(large, [offline.secret]);
    expect(await sessionKeyOf(large.subarray(0, enough), [offline.secret])).toEqual(whole);
    expect(await sessionKeyOf(large.subarray(0, messageHeadSize), [offline.secret])).toEqual(whole);
    expect(describeMessage(large.subarray(0, enough))).toEqual(describeMessage(large));
  });

  it('calls a message corrupt that ends before that', async () => {
    const enough = headEnd(message) + 4;
    await expect(sessionKeyOf(message.subarray(0, enough), [operations.secret])).resolves.toBeDefined();
    for (let length = 0; length < enough; length++) {
      await expect(sessionKeyOf(message.subarray(0, length), [operations.secret])).rejects.toThrow(corrupt);
      expect(() => describeMessage(message.subarray(0, length))).toThrow(corrupt);
    }
  });

  it('refuses the key of somebody else, and a message without recipients', async () => {
    await expect(sessionKeyOf(message, [stranger.secret])).rejects.toThrow(notForUs);
    await expect(sessionKeyOf(message, [])).rejects.toThrow(notForUs);
    const alone = await seal(content, [], { sessionKey: aSessionKey() });
    await expect(sessionKeyOf(alone, [operations.secret])).rejects.toThrow('names no recipient');
    await expect(openMessage(alone, [operations.secret])).rejects.toThrow(notForUs);
    expect(describeMessage(alone)).toEqual({ recipientKeyIds: [] });
  });

  it('refuses by name what openMessage refuses, also when only the head is there', async () => {
    const head = message.subarray(0, headEnd(message));
    const refusedKinds = [
      packet(18, Uint8Array.of(2), Buffer.alloc(60)),
      packet(20, Buffer.alloc(60)),
      packet(9, Buffer.alloc(60)),
    ];
    for (const kind of refusedKinds) {
      const foreign = Buffer.concat([head, kind]).subarray(0, head.byteLength + 7);
      await expect(sessionKeyOf(foreign, [operations.secret])).rejects.toThrow(unsupported);
    }
    const corruptKinds = [
      packet(18),
      Buffer.concat([packet(18), Uint8Array.of(1)]),
      packet(18, Uint8Array.of(3), Buffer.alloc(60)),
      packet(11, Buffer.alloc(60)),
      Uint8Array.of(0xd2, 0xe8, 1),
      Uint8Array.of(0x12),
    ];
    for (const kind of corruptKinds) {
      await expect(sessionKeyOf(Buffer.concat([head, kind]), [operations.secret])).rejects.toThrow(corrupt);
    }
  });

  it('passes over the session keys of passphrases and of other versions', async () => {
    const passedOver = [packet(3, Buffer.alloc(30)), packet(1, Uint8Array.of(6), Buffer.alloc(30))];
    const mixed = Buffer.concat([...passedOver, message]);
    expect(await sessionKeyOf(mixed, [operations.secret])).toEqual(
      await sessionKeyOf(message, [operations.secret]),
    );
  });

  it('refuses a head that does not fit in what callers read of a message, rather than misreading it', async () => {
    const filler = (size: number) => packet(3, Buffer.alloc(size - 6));
    const limit = messageHeadSize - 7;
    const fits = Buffer.concat([filler(limit - headEnd(message)), message]);
    await expect(sessionKeyOf(fits.subarray(0, messageHeadSize), [operations.secret])).resolves.toBeDefined();
    const tooLong = Buffer.concat([filler(limit - headEnd(message) + 1), message]);
    await expect(sessionKeyOf(tooLong.subarray(0, messageHeadSize), [operations.secret])).rejects.toThrow(
      unsupported,
    );
    await expect(openMessage(tooLong, [operations.secret])).rejects.toThrow(unsupported);
  });

  it('answers random and damaged heads with the one key or one of its errors', async () => {
    const right = formatSessionKey(await sessionKeyOf(message, [operations.secret]));
    const answersOrRefuses = async (data: Uint8Array) => {
      const outcome = await sessionKeyOf(data, [operations.secret]).then(
        formatSessionKey,
        (error: unknown) => error,
      );
      if (typeof outcome === 'string') expect(outcome).toBe(right);
      else {
        expect(outcome).toMatchObject({
          code: expect.stringMatching(/^(container-corrupt|unsupported-container|not-for-these-keys)$/),
        });
      }
    };
    await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), answersOrRefuses), {
      numRuns: 1_000,
    });
    const end = headEnd(message) + 4;
    const damage = fc.array(fc.tuple(fc.nat(end - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(damage, fc.integer({ min: end - 20, max: end + 100 }), async (changes, length) => {
        const changed = changes.reduce((data, [offset, value]) => withByte(data, offset, value), message);
        await answersOrRefuses(changed.subarray(0, length));
      }),
      { numRuns: 500 },
    );
  });
});

describe('openMessageWithSessionKey', () => {
  it('opens a message with and without recipients', async () => {
    const sessionKey = aSessionKey();
    for (const recipients of [both(), []]) {
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
    await expect(openMessageWithSessionKey(message, sessionKey)).rejects.toThrow(corrupt);
    await expect(openMessageWithSessionKey(message, sessionKey)).rejects.toThrow(
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
    const sealed = await seal(content, both(), { sessionKey });
    expect(formatSessionKey(await sessionKeyOf(sealed, [operations.secret]))).toBe(
      formatSessionKey(sessionKey),
    );
    expect(content.equals(await openMessage(sealed, [offline.secret]))).toBe(true);
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
    const writer = await beginMessage([operations.recipient], { sessionKey });
    wipeSessionKey(sessionKey);
    wipeSessionKey(writer.sessionKey());
    const sealed = Buffer.concat([...writer.write(content), ...writer.finish()]);
    expect(content.equals(await writer.opener()(sealed))).toBe(true);
    expect(content.equals(await openMessageWithSessionKey(sealed, kept))).toBe(true);
    expect(content.equals(await openMessage(sealed, [operations.secret]))).toBe(true);
  });

  it('opens its own message without recipients before it is sent, and no other', async () => {
    const writer = await beginMessage([], { sessionKey: aSessionKey() });
    const sealed = Buffer.concat([...writer.write(content), ...writer.finish()]);
    expect(content.equals(await writer.opener()(sealed))).toBe(true);
    await expect(writer.opener()(message)).rejects.toThrow(corrupt);
  });

  it.each([
    ['a wiped key', { algorithm: 9, bytes: new Uint8Array(32) }],
    ['a short key', { algorithm: 9, bytes: randomBytes(31) }],
    ['AES-128', { algorithm: 7, bytes: randomBytes(16) }],
    ['Triple DES', { algorithm: 2, bytes: randomBytes(24) }],
  ])('refuses %s', async (_name, sessionKey) => {
    for (const recipients of [both(), []]) {
      await expect(beginMessage(recipients, { sessionKey })).rejects.toThrow(usage('session-key-invalid'));
    }
  });

  it('refuses more recipients than fit in a head', async () => {
    const many = Array.from({ length: 690 }, () => operations.recipient);
    await expect(beginMessage(many)).rejects.toThrow(usage('recipients-too-many'));
    const sealed = await seal(content, many.slice(0, 600));
    await expect(
      sessionKeyOf(sealed.subarray(0, messageHeadSize), [operations.secret]),
    ).resolves.toBeDefined();
  });
});

describe('whether a session key fits', () => {
  it('is told by the head alone, of our messages of every length', async () => {
    for (const size of [0, 1, 200, 9_000, partialSize, 2 * partialSize]) {
      const long = await seal(randomBytes(size), both());
      const key = await sessionKeyOf(long, [offline.secret]);
      expect(sessionKeyFits(long.subarray(0, messageHeadSize), key)).toBe(true);
    }
  });

  it('is denied of the key of another message, and of a changed beginning', async () => {
    const key = await sessionKeyOf(message, [offline.secret]);
    // Two octets have to agree by chance: once in 65,536 times.
    const wrong = Array.from({ length: 4 }, () => sessionKeyFits(message, aSessionKey()));
    expect(wrong.filter((fits) => fits).length).toBeLessThan(2);
    const end = headEnd(message);
    const body = message.indexOf(1, end + 2);
    expect(sessionKeyFits(withByte(message, body + 17, (message[body + 17] as number) ^ 1), key)).toBe(false);
    expect(sessionKeyFits(message.subarray(0, body + 10), key)).toBe(false);
  });
});
