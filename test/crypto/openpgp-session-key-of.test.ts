import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
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
import { formatSessionKey, type SessionKey } from '../../src/lib/crypto/openpgp-session-key.ts';
import { corrupt, notForUs, unsupported } from './container-errors.ts';
import {
  aSessionKey,
  headEnd,
  type MessageForTwo,
  messageForTwo,
  packet,
  seal,
  withByte,
} from './message-fixture.ts';

const content = randomBytes(3_000);

let world: MessageForTwo;
beforeAll(async () => {
  world = await messageForTwo(content);
});

describe('sessionKeyOf', () => {
  it('finds the same key for each recipient, and the key opens the message', async () => {
    const keys = await Promise.all(
      [world.operations, world.offline].map(({ secret }) => sessionKeyOf(world.message, [secret])),
    );
    expect(keys[0]).toEqual(keys[1]);
    expect(content.equals(await openMessageWithSessionKey(world.message, keys[0] as SessionKey))).toBe(true);
  });

  it('finds the key that the writer tells', async () => {
    const writer = await beginMessage(world.recipients);
    const written = Buffer.concat([...writer.write(content), ...writer.finish()]);
    const { algorithm, bytes } = await sessionKeyOf(written, [world.offline.secret]);
    expect(algorithm).toBe(9);
    expect(Buffer.compare(bytes, writer.sessionKey().bytes)).toBe(0);
  });

  it('reads no further than the header of the encrypted packet', async () => {
    const large = await seal(randomBytes(2 * partialSize), world.recipients);
    const enough = headEnd(large) + 3;
    const whole = await sessionKeyOf(large, [world.offline.secret]);
    expect(await sessionKeyOf(large.subarray(0, enough), [world.offline.secret])).toEqual(whole);
    expect(await sessionKeyOf(large.subarray(0, messageHeadSize), [world.offline.secret])).toEqual(whole);
    expect(describeMessage(large.subarray(0, enough))).toEqual(describeMessage(large));
  });

  it('calls a message corrupt that ends before that', async () => {
    const enough = headEnd(world.message) + 4;
    await expect(
      sessionKeyOf(world.message.subarray(0, enough), [world.operations.secret]),
    ).resolves.toBeDefined();
    for (let length = 0; length < enough; length++) {
      await expect(
        sessionKeyOf(world.message.subarray(0, length), [world.operations.secret]),
      ).rejects.toThrow(corrupt);
      expect(() => describeMessage(world.message.subarray(0, length))).toThrow(corrupt);
    }
  });

  it('refuses the key of somebody else, and a message without recipients', async () => {
    await expect(sessionKeyOf(world.message, [world.stranger.secret])).rejects.toThrow(notForUs);
    await expect(sessionKeyOf(world.message, [])).rejects.toThrow(notForUs);
    const alone = await seal(content, [], { sessionKey: aSessionKey() });
    await expect(sessionKeyOf(alone, [world.operations.secret])).rejects.toThrow('names no recipient');
    await expect(openMessage(alone, [world.operations.secret])).rejects.toThrow(notForUs);
    expect(describeMessage(alone)).toEqual({ recipientKeyIds: [] });
  });

  it('refuses by name what openMessage refuses, also when only the head is there', async () => {
    const head = world.message.subarray(0, headEnd(world.message));
    const refusedKinds = [
      packet(18, Uint8Array.of(2), Buffer.alloc(60)),
      packet(20, Buffer.alloc(60)),
      packet(9, Buffer.alloc(60)),
    ];
    for (const kind of refusedKinds) {
      const foreign = Buffer.concat([head, kind]).subarray(0, head.byteLength + 7);
      await expect(sessionKeyOf(foreign, [world.operations.secret])).rejects.toThrow(unsupported);
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
      await expect(sessionKeyOf(Buffer.concat([head, kind]), [world.operations.secret])).rejects.toThrow(
        corrupt,
      );
    }
  });

  it('passes over the session keys of passphrases and of other versions', async () => {
    const passedOver = [packet(3, Buffer.alloc(30)), packet(1, Uint8Array.of(6), Buffer.alloc(30))];
    const mixed = Buffer.concat([...passedOver, world.message]);
    expect(await sessionKeyOf(mixed, [world.operations.secret])).toEqual(
      await sessionKeyOf(world.message, [world.operations.secret]),
    );
  });

  it('refuses a head that does not fit in what callers read of a world.message, rather than misreading it', async () => {
    const filler = (size: number) => packet(3, Buffer.alloc(size - 6));
    const limit = messageHeadSize - 7;
    const fits = Buffer.concat([filler(limit - headEnd(world.message)), world.message]);
    await expect(
      sessionKeyOf(fits.subarray(0, messageHeadSize), [world.operations.secret]),
    ).resolves.toBeDefined();
    const tooLong = Buffer.concat([filler(limit - headEnd(world.message) + 1), world.message]);
    await expect(
      sessionKeyOf(tooLong.subarray(0, messageHeadSize), [world.operations.secret]),
    ).rejects.toThrow(unsupported);
    await expect(openMessage(tooLong, [world.operations.secret])).rejects.toThrow(unsupported);
  });

  it('answers random and damaged heads with the one key or one of its errors', async () => {
    const right = formatSessionKey(await sessionKeyOf(world.message, [world.operations.secret]));
    const answersOrRefuses = async (data: Uint8Array) => {
      const outcome = await sessionKeyOf(data, [world.operations.secret]).then(
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
    const end = headEnd(world.message) + 4;
    const damage = fc.array(fc.tuple(fc.nat(end - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(damage, fc.integer({ min: end - 20, max: end + 100 }), async (changes, length) => {
        const changed = changes.reduce(
          (data, [offset, value]) => withByte(data, offset, value),
          world.message,
        );
        await answersOrRefuses(changed.subarray(0, length));
      }),
      { numRuns: 500 },
    );
  });
});

describe('whether a session key fits', () => {
  it('is told by the head alone, of our messages of every length', async () => {
    for (const size of [0, 1, 200, 9_000, partialSize, 2 * partialSize]) {
      const long = await seal(randomBytes(size), world.recipients);
      const key = await sessionKeyOf(long, [world.offline.secret]);
      expect(sessionKeyFits(long.subarray(0, messageHeadSize), key)).toBe(true);
    }
  });

  it('is denied of the key of another world.message, and of a changed beginning', async () => {
    const key = await sessionKeyOf(world.message, [world.offline.secret]);
    // Two octets have to agree by chance: once in 65,536 times.
    const wrong = Array.from({ length: 4 }, () => sessionKeyFits(world.message, aSessionKey()));
    expect(wrong.filter((fits) => fits).length).toBeLessThan(2);
    const end = headEnd(world.message);
    const body = world.message.indexOf(1, end + 2);
    expect(
      sessionKeyFits(withByte(world.message, body + 17, (world.message[body + 17] as number) ^ 1), key),
    ).toBe(false);
    expect(sessionKeyFits(world.message.subarray(0, body + 10), key)).toBe(false);
  });
});
