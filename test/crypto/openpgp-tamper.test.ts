import { beforeAll, describe, expect, it } from 'vitest';
import { ExitCode } from '../../src/lib/base/exit-code.ts';
import { beginMessage, openMessage } from '../../src/lib/crypto/openpgp-container.ts';
import { partialSize } from '../../src/lib/crypto/openpgp-framing.ts';
import { corrupt } from './container-errors.ts';
import { type Person, packet, person, seal, withByte } from './message-fixture.ts';

let operations: Person;
let offline: Person;
beforeAll(async () => {
  [operations, offline] = await Promise.all([person('operations'), person('offline')]);
});

const both = () => [operations.recipient, offline.recipient];

describe('a changed message', () => {
  const content = Buffer.from('the content of a small part');

  it('is never opened by its writer, whichever byte was changed to whatever value', async () => {
    const writer = await beginMessage([operations.recipient, offline.recipient]);
    const message = Buffer.concat([...writer.write(content), ...writer.finish()]);
    const open = writer.opener();
    for (let offset = 0; offset < message.length; offset++) {
      for (let value = 0; value < 256; value++) {
        if (value === message[offset]) continue;
        await expect(open(withByte(message, offset, value)), `byte ${offset} = ${value}`).rejects.toThrow(
          corrupt,
        );
      }
    }
  });

  it('is never opened when a length between its pieces was changed', async () => {
    const writer = await beginMessage([operations.recipient]);
    const message = Buffer.concat([...writer.write(Buffer.alloc(partialSize)), ...writer.finish()]);
    const encrypted = 2 + (message[1] as number);
    const lastLength = encrypted + 2 + partialSize;
    expect([message[encrypted + 1], message[lastLength]]).toEqual([0xf4, message.length - lastLength - 1]);
    for (const offset of [encrypted + 1, lastLength]) {
      for (let value = 0; value < 256; value++) {
        if (value === message[offset]) continue;
        await expect(writer.opener()(withByte(message, offset, value))).rejects.toThrow(corrupt);
      }
    }
  });

  it('is opened by a recipient only where OpenPGP protects nothing: the packet of the other one', async () => {
    const message = await seal(content, both());
    const first = 2 + (message[1] as number);
    const encrypted = first + 2 + (message[first + 1] as number);
    const undetected = new Set<string>();
    for (let offset = 0; offset < message.length; offset++) {
      const isHeader = offset === 0 || offset === first || offset === encrypted;
      const values = isHeader
        ? Array.from({ length: 256 }, (_, value) => value)
        : [...Array.from({ length: 8 }, (_, bit) => (message[offset] as number) ^ (1 << bit)), 0, 255];
      for (const value of values) {
        if (value === message[offset]) continue;
        const outcome = await openMessage(withByte(message, offset, value), [operations.secret]).catch(
          (error: unknown) => error,
        );
        if (outcome instanceof Error) {
          expect([ExitCode.integrity, ExitCode.failure]).toContain(
            (outcome as { exitCode?: number }).exitCode,
          );
          continue;
        }
        expect(content.equals(outcome as Uint8Array)).toBe(true);
        if (offset < first || offset >= encrypted) undetected.add(`byte ${offset} = ${value}`);
      }
    }
    // 0x84 is 0xc1 in the old packet format: the same tag, the same length.
    expect([...undetected]).toEqual(['byte 0 = 132']);
  });

  it.each([40, 600, partialSize + 40])(
    'of %i bytes is never opened when it is cut short, or made longer',
    async (size) => {
      const writer = await beginMessage([operations.recipient]);
      const message = Buffer.concat([...writer.write(Buffer.alloc(size)), ...writer.finish()]);
      const lengths =
        size < 1000
          ? Array.from({ length: message.length }, (_, length) => length)
          : [
              0,
              1,
              2,
              95,
              96,
              97,
              98,
              114,
              partialSize,
              partialSize + 98,
              message.length - 1,
              message.length - 22,
            ];
      for (const length of lengths) {
        await expect(openMessage(message.subarray(0, length), [operations.secret])).rejects.toThrow(corrupt);
      }
      for (const tail of [
        Uint8Array.of(0),
        Uint8Array.of(0xd2),
        message,
        packet(11, Buffer.from('b\0\0\0\0\0more')),
      ]) {
        await expect(openMessage(Buffer.concat([message, tail]), [operations.secret])).rejects.toThrow(
          corrupt,
        );
      }
    },
  );

  it('is not opened with its session key packets in front of another content', async () => {
    const [one, two] = await Promise.all([seal(content, both()), seal(content, both())]);
    const start = 2 + (one[1] as number) + 2 + (one[2 + (one[1] as number) + 1] as number);
    const mixed = Buffer.concat([one.subarray(0, start), two.subarray(start)]);
    await expect(openMessage(mixed, [operations.secret])).rejects.toThrow(corrupt);
  });
});
