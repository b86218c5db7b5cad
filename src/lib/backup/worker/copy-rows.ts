import { failure, messageOf, PosternError } from '../../base/error.ts';
import { type Client, sqlState } from '../../base/postgres.ts';
import { copyOut, type OnBlock } from '../../platform/copy-out.ts';
import { lockTimeout } from '../database-failure.ts';

/** Text that is compressed at once, in bytes; a longer row makes a longer block. */
const blockSize = 4 * 2 ** 20;

/**
 * Runs a `COPY … TO STDOUT` and hands its rows on in blocks of whole lines, about 4 MiB each.
 * @returns the number of rows that the server says it sent
 * @throws {PosternError} exit 1 with the server's words, or what `onBlock` throws
 */
export async function copyRows(client: Client, sql: string, onBlock: OnBlock): Promise<number> {
  try {
    return await copyOut(client, sql, { blockSize }, onBlock);
  } catch (error) {
    if (error instanceof PosternError) throw error;
    if (sqlState(error) === '55P03') throw lockTimeout(error);
    throw failure(`the database stopped a copy: ${messageOf(error)}`, {
      code: 'copy-failed',
      cause: error,
      hints: [`the copy was: ${sql}`],
    });
  }
}
