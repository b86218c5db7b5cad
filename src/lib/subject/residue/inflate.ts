import { finished } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';

/** What is compressed, as it is fed. */
export interface Inflater {
  /** Returns when what came out of it was handed on. */
  feed(chunk: Uint8Array): Promise<void>;
  /** @returns why not all of it could be opened, without a word of what is in it; undefined where it could */
  end(): Promise<string | undefined>;
}

/** RFC 1952 §2.3.1 with deflate as its method, and RFC 8878 §3.1.1. */
const magics = [
  { magic: Buffer.from([0x1f, 0x8b, 0x08]), name: 'gzip', open: createGunzip },
  { magic: Buffer.from([0x28, 0xb5, 0x2f, 0xfd]), name: 'zstd', open: createZstdDecompress },
] as const;

/** How many bytes tell whether something is compressed. */
export const magicLength = 4;

/**
 * Opens gzip and zstd, told by their first bytes.
 * @param onChunk is given what comes out, a few kilobytes at once; nothing is kept
 * @returns undefined where it is neither
 */
export function inflaterFor(head: Uint8Array, onChunk: (chunk: Uint8Array) => void): Inflater | undefined {
  const found = magics.find(({ magic }) => magic.equals(head.subarray(0, magic.length)));
  if (found === undefined) return undefined;
  const stream = found.open();
  let isBroken = false;
  stream.on('data', onChunk);
  // A write that meets the fault is never answered.
  const ended = finished(stream).catch(() => {
    isBroken = true;
  });
  return {
    feed: async (chunk) => {
      if (isBroken) return;
      await Promise.race([new Promise<void>((resolve) => void stream.write(chunk, () => resolve())), ended]);
    },
    end: async () => {
      if (!isBroken) stream.end();
      await ended;
      return isBroken ? `it is not ${found.name} to its end` : undefined;
    },
  };
}
