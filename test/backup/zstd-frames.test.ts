import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compressFrame, decompressFrames } from '../../src/lib/backup/format/zstd-frames.ts';
import { PosternError } from '../../src/lib/base/error.ts';
import { flipped } from './altered-store.ts';

const unpack = (frames: Uint8Array): Buffer => Buffer.concat([...decompressFrames(frames)]);
const corrupt = expect.objectContaining({ exitCode: 5, code: 'frames-corrupt' });
const block = fc.uint8Array({ maxLength: 20_000 });

test('frames behind each other come back block by block', () => {
  fc.assert(
    fc.property(fc.array(block), fc.integer({ min: 1, max: 5 }), (blocks, level) => {
      const frames = Buffer.concat(blocks.map((bytes) => compressFrame(bytes, level)));
      expect([...decompressFrames(frames)].map((plain) => [...plain])).toEqual(
        blocks.map((bytes) => [...bytes]),
      );
    }),
    { numRuns: 30 },
  );
});

test('a block of many megabytes, and one that does not compress, come back', () => {
  const large = Buffer.alloc(20 * 2 ** 20, 'abcdefgh');
  const noise = Buffer.from(Uint32Array.from({ length: 2 ** 20 }, () => Math.random() * 2 ** 32).buffer);
  expect(
    unpack(Buffer.concat([compressFrame(large, 3), compressFrame(noise, 3)])).equals(
      Buffer.concat([large, noise]),
    ),
  ).toBe(true);
});

test('no bytes are no frames', () => {
  expect([...decompressFrames(new Uint8Array())]).toEqual([]);
});

test('frames that are cut anywhere are an error, and never a shorter text', () => {
  const text = Buffer.from('the quick brown fox '.repeat(50));
  const first = compressFrame(text, 3);
  const frames = Buffer.concat([first, compressFrame(Buffer.from('jumps'), 3)]);
  for (let size = 1; size < frames.length; size += 1) {
    if (size === first.length) expect(unpack(frames.subarray(0, size)).equals(text)).toBe(true);
    else expect(() => unpack(frames.subarray(0, size)), `cut to ${size}`).toThrow(corrupt);
  }
});

test('a flipped bit is an error, or what was unpacked is unchanged', () => {
  const text = Buffer.from('the quick brown fox '.repeat(50));
  const frame = compressFrame(text, 3);
  let errors = 0;
  for (let offset = 0; offset < frame.length; offset += 1) {
    try {
      // A few bits of a frame's header mean nothing to a reader.
      expect(unpack(flipped(frame, offset)).equals(text), `byte ${offset}`).toBe(true);
    } catch (error) {
      expect(error, `byte ${offset}`).toEqual(corrupt);
      errors += 1;
    }
  }
  expect(errors).toBeGreaterThan(frame.length * 0.9);
});

test('random bytes are an error of ours, and end', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), (bytes) => {
      try {
        unpack(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(PosternError);
      }
    }),
  );
});
