import { failure, messageOf } from '../../base/error.ts';
import type { Client } from '../../base/postgres.ts';

/** Text that is compressed at once, in bytes; a longer row makes a longer block. */
const blockSize = 4 * 2 ** 20;
const newline = 0x0a;

/**
 * Runs a `COPY … TO STDOUT` and hands its rows on in blocks of whole lines, about 4 MiB each. A block is only valid
 * during the call, since its memory is used again.
 * @returns the number of rows that the server says it sent
 * @throws {PosternError} exit 1 with the server's words
 */
export async function copyRows(
  client: Client,
  sql: string,
  onBlock: (block: Uint8Array) => Promise<void> | void,
): Promise<number> {
  const { to } = await import('pg-copy-streams');
  const stream = client.query(to(sql));
  let buffer = Buffer.allocUnsafe(blockSize + 2 ** 18);
  let used = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      if (used + chunk.length > buffer.length) {
        const grown = Buffer.allocUnsafe(Math.max(buffer.length * 2, used + chunk.length));
        buffer.copy(grown, 0, 0, used);
        buffer = grown;
      }
      chunk.copy(buffer, used);
      used += chunk.length;
      if (used < blockSize) continue;
      const end = buffer.lastIndexOf(newline, used - 1) + 1;
      if (end === 0) continue;
      await onBlock(buffer.subarray(0, end));
      buffer.copy(buffer, 0, end, used);
      used -= end;
    }
  } catch (error) {
    throw failure(`the database stopped a copy: ${messageOf(error)}`, {
      code: 'copy-failed',
      cause: error,
      hints: [`the copy was: ${sql}`],
    });
  }
  if (used > 0) await onBlock(buffer.subarray(0, used));
  return stream.rowCount;
}
