import { beforeAll, expect, test } from 'vitest';
import { unpack } from '../../src/lib/backup/read-set.ts';
import { beginPart, type SealOptions, sealWhole } from '../../src/lib/backup/worker/part-writer.ts';
import { openMessage } from '../../src/lib/crypto/openpgp-container.ts';
import { sha256Hex } from '../../src/lib/crypto/sha256.ts';
import { type Person, person } from '../crypto/message-fixture.ts';

let operations: Person;
let offline: Person;

beforeAll(async () => {
  [operations, offline] = await Promise.all([person('operations'), person('offline')]);
});

const options = (changes: Partial<SealOptions> = {}): SealOptions => ({
  recipients: [operations.recipient, offline.recipient],
  level: 3,
  verify: true,
  ...changes,
});

test('a part opens for each recipient to what was written, and says its sizes and hashes', async () => {
  const part = await beginPart(options());
  const blocks = ['first line\n', 'x'.repeat(3 * 2 ** 20), '\n', 'y'.repeat(10), '\n'];
  for (const block of blocks) part.write(Buffer.from(block));
  const sealed = await part.finish();
  const text = Buffer.from(blocks.join(''));
  expect(sealed).toMatchObject({
    size: sealed.bytes.byteLength,
    sha256: sha256Hex(sealed.bytes),
    plainSize: text.length,
    plainSha256: sha256Hex(text),
  });
  for (const { secret } of [operations, offline]) {
    expect(unpack(await openMessage(sealed.bytes, [secret])).equals(text)).toBe(true);
  }
});

test('memory that is used again for the next block does not change what was written before', async () => {
  for (const size of [10, 2 ** 20, 5 * 2 ** 20]) {
    const part = await beginPart(options());
    const memory = Buffer.alloc(size);
    for (const letter of ['a', 'b', 'c']) part.write(memory.fill(letter));
    const sealed = await part.finish();
    const expected = Buffer.concat(['a', 'b', 'c'].map((letter) => Buffer.alloc(size, letter)));
    expect(unpack(await openMessage(sealed.bytes, [offline.secret])).equals(expected)).toBe(true);
  }
});

test('an empty text is a message too', async () => {
  const sealed = await sealWhole(new Uint8Array(), options());
  expect(sealed).toMatchObject({ plainSize: 0, plainSha256: sha256Hex('') });
  expect(unpack(await openMessage(sealed.bytes, [operations.secret]))).toHaveLength(0);
});

test('the bytes fill their memory to the end, because that memory is handed from thread to thread', async () => {
  const { bytes } = await sealWhole(Buffer.alloc(100_000, 'z'), options());
  expect([bytes.byteOffset, bytes.buffer.byteLength]).toEqual([0, bytes.byteLength]);
});

test('the size that is known while a part grows is near its size at the end', async () => {
  const part = await beginPart(options({ verify: false }));
  const noise = Buffer.from(Uint32Array.from({ length: 2 ** 20 }, () => Math.random() * 2 ** 32).buffer);
  part.write(noise);
  const before = part.size;
  const { size } = await part.finish();
  expect(before).toBeGreaterThan(2 * 2 ** 20);
  expect(size - before).toBeLessThan(1.1 * 2 ** 20);
});
