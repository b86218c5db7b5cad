import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { decrypt, readMessage } from 'openpgp';
import { beforeAll, describe, expect, it } from 'vitest';
import { ExitCode } from '../../src/lib/base/exit-code.ts';
import { beginMessage, describeMessage, openMessage } from '../../src/lib/crypto/openpgp-container.ts';
import { partialSize } from '../../src/lib/crypto/openpgp-framing.ts';
import { corrupt } from './container-errors.ts';
import { type Person, person, seal } from './message-fixture.ts';

let operations: Person;
let offline: Person;
beforeAll(async () => {
  [operations, offline] = await Promise.all([person('operations'), person('offline')]);
});

const both = () => [operations.recipient, offline.recipient];

/** Around every change of a length's encoding, and around our partials inside and outside the encryption. */
const sizes = [
  [
    0, 1, 143, 144, 145, 185, 186, 187, 511, 512, 513, 8_335, 8_336, 8_337, 8_377, 8_378, 8_379, 65_535,
    65_536,
  ],
  [-53, -52, -51, -7, -6, -5, -1, 0, 1].map((offset) => partialSize + offset),
  [-60, -59, -58, -57, -56, -55, -54, -53, -52, -6, 0].map((offset) => 2 * partialSize + offset),
  [5 * partialSize],
].flat();

describe('a message', () => {
  it.each(sizes)('of %i bytes opens for each recipient, and with openpgp.js', async (size) => {
    const content = randomBytes(size);
    const message = await seal(content, both());
    for (const { secret } of [operations, offline]) {
      expect(content.equals(await openMessage(message, [secret]))).toBe(true);
    }
    const { data } = await decrypt({
      message: await readMessage({ binaryMessage: Uint8Array.from(message) }),
      decryptionKeys: operations.secret.key,
      format: 'binary',
    });
    expect(content.equals(data as Uint8Array)).toBe(true);
  });

  it('does not depend on how the content was cut, nor on what becomes of the pieces', async () => {
    const cuts = fc.array(fc.integer({ min: 0, max: 700_000 }), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(cuts, async (lengths) => {
        const writer = await beginMessage([operations.recipient]);
        const contents: Buffer[] = [];
        const written: Uint8Array[] = [];
        for (const length of lengths) {
          const piece = randomBytes(length);
          contents.push(Buffer.from(piece));
          written.push(...writer.write(piece));
          piece.fill(0);
        }
        written.push(...writer.finish());
        const opened = await openMessage(Buffer.concat(written), [operations.secret]);
        expect(Buffer.concat(contents).equals(opened)).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  it('is sent as it grows: never more than two partials are held back', async () => {
    const writer = await beginMessage([operations.recipient]);
    let given = 0;
    let sent = 0;
    for (let i = 0; i < 100; i++) {
      given += 100_000;
      sent += writer.write(Buffer.alloc(100_000)).reduce((sum, chunk) => sum + chunk.byteLength, 0);
      expect(given - sent).toBeLessThan(2 * partialSize + 100_000);
    }
  });

  it('names its recipients without a secret key', async () => {
    const message = await seal(Buffer.from('content'), both());
    expect(describeMessage(message)).toEqual({
      recipientKeyIds: [operations.recipient.encryptionKeyId, offline.recipient.encryptionKeyId],
    });
  });

  it('never repeats: the same content gives other bytes', async () => {
    const content = Buffer.alloc(100);
    const [first, second] = await Promise.all([seal(content, both()), seal(content, both())]);
    expect(first.subarray(-122).equals(second.subarray(-122))).toBe(false);
  });

  it('is opened by its own writer before it is sent, and no other message is', async () => {
    const writer = await beginMessage([operations.recipient]);
    const content = randomBytes(100_000);
    const message = Buffer.concat([...writer.write(content), ...writer.finish()]);
    expect(content.equals(await writer.opener()(message))).toBe(true);
    await expect(writer.opener()(await seal(content, [operations.recipient]))).rejects.toThrow(corrupt);
  });

  it('needs a recipient', async () => {
    await expect(beginMessage([])).rejects.toMatchObject({
      exitCode: ExitCode.usage,
      code: 'recipients-missing',
    });
  });

  it('takes nothing after its end', async () => {
    const writer = await beginMessage([operations.recipient]);
    writer.finish();
    expect(() => writer.write(Buffer.from('more'))).toThrow('finished');
    expect(() => writer.finish()).toThrow('finished');
  });
});
