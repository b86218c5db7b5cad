import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { openMessage } from '../../src/lib/crypto/openpgp-container.ts';
import { type Person, packet, person, seal, withByte } from './message-fixture.ts';

let operations: Person;
beforeAll(async () => {
  operations = await person('operations');
});

describe('the packet parser', () => {
  const answersOrRefuses = async (data: Uint8Array) => {
    const outcome = await openMessage(data, [operations.secret]).catch((error: unknown) => error);
    expect(outcome).toMatchObject({
      code: expect.stringMatching(/^(container-corrupt|unsupported-container|not-for-these-keys)$/),
    });
  };

  it('answers random bytes with one of its errors', async () => {
    await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), answersOrRefuses), {
      numRuns: 2_000,
    });
  });

  it('answers random packets with one of its errors', async () => {
    const packets = fc.array(
      fc.tuple(fc.constantFrom(1, 3, 8, 9, 10, 11, 18, 20, 21), fc.uint8Array({ maxLength: 80 })),
    );
    await fc.assert(
      fc.asyncProperty(packets, (list) =>
        answersOrRefuses(Buffer.concat(list.map(([tag, body]) => packet(tag, body)))),
      ),
      { numRuns: 1_000 },
    );
  });

  it('answers a damaged message with its content or one of its errors', async () => {
    const message = await seal(Buffer.alloc(700), [operations.recipient]);
    const damage = fc.array(fc.tuple(fc.nat(message.length - 1), fc.nat(255)), {
      minLength: 1,
      maxLength: 4,
    });
    await fc.assert(
      fc.asyncProperty(damage, fc.nat(message.length), async (changes, length) => {
        const changed = changes.reduce((data, [offset, value]) => withByte(data, offset, value), message);
        const outcome = await openMessage(changed.subarray(0, length), [operations.secret]).catch(
          (error: unknown) => error,
        );
        if (outcome instanceof Error) expect(outcome).toHaveProperty('exitCode');
        else expect(Buffer.alloc(700).equals(outcome as Uint8Array)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('refuses a file cut into a million parts before it runs out of memory', async () => {
    const parts = Buffer.alloc(514 + 2 * 1_100_000);
    parts.set([0xd2, 0xe9, 1]);
    for (let offset = 514; offset < parts.length; offset += 2) parts[offset] = 0xe0;
    await expect(openMessage(parts, [operations.secret])).rejects.toThrow('too many parts');
  });

  it('refuses a first part under 512 bytes, and partial lengths for packets that may have none', async () => {
    await expect(openMessage(Buffer.from([0xd2, 0xe8, ...Buffer.alloc(300)]), [])).rejects.toThrow(
      'too short',
    );
    await expect(openMessage(Buffer.from([0xc1, 0xe9, ...Buffer.alloc(600)]), [])).rejects.toThrow(
      'fixed length',
    );
  });

  it('reads a length of 2^32 − 1 as what it is', async () => {
    await expect(openMessage(Buffer.from('d2ffffffffff01', 'hex'), [])).rejects.toThrow(
      '4294967294 bytes too early',
    );
  });
});
