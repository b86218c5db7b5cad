/** Takes bytes out of pieces of any size. */
export interface ByteSource {
  /** How many bytes were taken. */
  position(): number;
  /** Exactly so many bytes. */
  take(size: number): Promise<Buffer>;
  /** One byte or more, `limit` at most; undefined at the end. */
  some(limit?: number): Promise<Uint8Array | undefined>;
  /** So many bytes, in pieces. */
  body(size: number): AsyncGenerator<Uint8Array, void, undefined>;
}

/**
 * Pieces are passed on by reference, not copied.
 * @param tooShort the error for bytes that are asked for and do not come
 */
export function byteSource(
  chunks: AsyncIterable<Uint8Array>,
  tooShort: (missing: number) => Error,
): ByteSource {
  const iterator = chunks[Symbol.asyncIterator]();
  let held: Uint8Array = new Uint8Array(0);
  let position = 0;
  async function some(limit = Infinity): Promise<Uint8Array | undefined> {
    while (held.byteLength === 0) {
      const next = await iterator.next();
      if (next.done === true) return undefined;
      held = next.value;
    }
    const piece = held.subarray(0, limit);
    held = held.subarray(piece.byteLength);
    position += piece.byteLength;
    return piece;
  }
  async function* body(size: number): AsyncGenerator<Uint8Array, void, undefined> {
    for (let left = size; left > 0; ) {
      const piece = await some(left);
      if (piece === undefined) throw tooShort(left);
      left -= piece.byteLength;
      yield piece;
    }
  }
  return {
    position: () => position,
    some,
    body,
    async take(size) {
      if (held.byteLength < size) return allOf(body(size));
      // Most of what is taken lies within one piece.
      const piece = held.subarray(0, size);
      held = held.subarray(size);
      position += size;
      return Buffer.from(piece.buffer, piece.byteOffset, size);
    },
  };
}

/** All pieces as one. */
export async function allOf(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of chunks) pieces.push(piece);
  return Buffer.concat(pieces);
}
