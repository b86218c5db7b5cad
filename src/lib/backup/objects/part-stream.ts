/** A stream of bytes that is cut into parts of one size; only the last may be shorter. */
export interface PartStream {
  /** Bytes so far. */
  readonly offset: number;
  write(chunk: Uint8Array): Promise<void>;
  /** Hands on what remains. */
  finish(): Promise<void>;
}

/**
 * @param partSize bytes
 * @param onPart takes a part's buffer over; parts count from 1, and the first `size` bytes are the part
 */
export function partStream(
  partSize: number,
  onPart: (part: number, bytes: ArrayBuffer, size: number) => Promise<void>,
): PartStream {
  let buffer: Uint8Array<ArrayBuffer> | undefined;
  let used = 0;
  let parts = 0;
  const flush = async (): Promise<void> => {
    if (buffer === undefined || used === 0) return;
    const full = buffer.buffer;
    const size = used;
    buffer = undefined;
    used = 0;
    parts += 1;
    await onPart(parts, full, size);
  };
  return {
    get offset() {
      return parts * partSize + used;
    },
    write: async (chunk) => {
      for (let start = 0; start < chunk.byteLength; ) {
        buffer ??= new Uint8Array(new ArrayBuffer(partSize));
        const end = Math.min(chunk.byteLength, start + partSize - used);
        buffer.set(chunk.subarray(start, end), used);
        used += end - start;
        start = end;
        if (used === partSize) await flush();
      }
    },
    finish: flush,
  };
}
