/**
 * Gives a large buffer's memory back at once. The collector counts such memory late: without this, a process that
 * passes gigabytes through holds hundreds of megabytes that nobody needs. The buffer, and every view of it, is empty
 * afterwards.
 */
export function releaseMemory({ buffer }: Uint8Array): void {
  // Small buffers may be views of a pool that others use.
  if (buffer instanceof ArrayBuffer && buffer.byteLength >= smallest && !buffer.detached) buffer.transfer(0);
}

const smallest = 2 ** 18;
