import type { Socket } from 'node:net';
import type { Connection, Submittable } from 'pg';
import type { Client } from '../base/postgres.ts';

/** Message types of PostgreSQL's protocol (chapter "Message Formats"). */
const copyData = 0x64; // 'd'
const copyDone = 0x63; // 'c'
const errorResponse = 0x45; // 'E'
const headerSize = 5;

/** Takes the text of rows; the memory is only its own during the call. */
export type OnBlock = (block: Uint8Array) => Promise<void> | void;

export interface CopyOutOptions {
  /** A block ends with the first row that reaches it, in bytes. */
  readonly blockSize: number;
  /**
   * Milliseconds without a byte until the server is given up; 15 minutes unless told. A lost server is found by the
   * system's own probes; this is for one that is there and says nothing more.
   */
  readonly silence?: number;
}

/**
 * Reads a `COPY … TO STDOUT` straight off the socket into one block after another. The server sends each row in a
 * message of its own: a block that ends with a message ends with a row, and no byte is copied more than once. (Through
 * pg-copy-streams the same took twice the processor time, most of it for chunks of a row each.)
 * @returns the number of rows that the server says it sent
 */
export function copyOut(
  client: Client,
  sql: string,
  { blockSize, silence = 900_000 }: CopyOutOptions,
  onBlock: OnBlock,
): Promise<number> {
  return new Promise((resolve, reject) => {
    let rows = 0;
    /** The reader's own error: it stands above the one about the connection that it brings down. */
    let failed: unknown;
    let hasFailed = false;
    const reader = blockReader(blockSize, onBlock);
    const query: Submittable & Record<string, unknown> = {
      submit(connection: Connection) {
        takeOver(connection, reader, silence, (error) => {
          failed = error;
          hasFailed = true;
          // What the server still sends has no reader: the connection is of no more use.
          connection.stream.destroy();
        });
        connection.query(sql);
      },
      handleRowDescription() {},
      handleDataRow() {},
      handleCopyData() {},
      handleCommandComplete({ text }: { readonly text: string }) {
        rows = Number(/^COPY (\d+)/.exec(text)?.[1] ?? 0);
      },
      handleError(error: unknown) {
        reject(hasFailed ? failed : error);
        hasFailed = true;
      },
      handleReadyForQuery() {
        // After an error the message comes too, and what was read of a row must go nowhere.
        if (!hasFailed) reader.finish().then(() => resolve(rows), reject);
      },
    };
    client.query(query);
  });
}

/** Reads the socket in place of `pg` until the rows end or an error comes, and gives it back with what follows. */
function takeOver(
  connection: Connection,
  reader: BlockReader,
  silence: number,
  onFailure: (error: unknown) => void,
): void {
  // Plain or with TLS.
  const stream = connection.stream as Socket;
  const [pgHandler] = stream.listeners('data') as ((chunk: Buffer) => void)[];
  if (pgHandler === undefined) throw new Error('the connection has no reader');
  stream.removeListener('data', pgHandler);
  const onData = (chunk: Buffer): void => {
    try {
      const rest = reader.read(chunk);
      if (!(rest instanceof Promise)) return giveBack(rest);
      stream.pause();
      // It is we who keep the server waiting.
      stream.setTimeout(0);
      rest.then((bytes) => {
        stream.setTimeout(silence);
        giveBack(bytes);
        stream.resume();
      }, onFailure);
    } catch (error) {
      onFailure(error);
    }
  };
  const giveBack = (rest: Buffer | undefined): void => {
    if (rest === undefined) return;
    stream.setTimeout(0);
    stream.removeListener('timeout', onSilence);
    stream.removeListener('data', onData);
    stream.on('data', pgHandler);
    pgHandler(rest);
  };
  const onSilence = (): void =>
    onFailure(new Error(`not a byte came for ${Math.round(silence / 1000)} seconds`));
  stream.on('timeout', onSilence);
  stream.setTimeout(silence);
  stream.on('data', onData);
}

interface BlockReader {
  /** @returns what is for `pg` again: the message that ended the rows, and all behind it */
  read(chunk: Buffer): Promise<Buffer | undefined> | Buffer | undefined;
  /** Hands on the last block. */
  finish(): Promise<void>;
}

function blockReader(blockSize: number, onBlock: OnBlock): BlockReader {
  let block = Buffer.allocUnsafe(blockSize + 2 ** 17);
  let used = 0;
  const header = Buffer.alloc(headerSize);
  let headerUsed = 0;
  /** Bytes of the current message that have not come yet. */
  let left = 0;

  const append = (chunk: Buffer, start: number, end: number): void => {
    const needed = used + end - start;
    if (needed > block.length) {
      const grown = Buffer.allocUnsafe(Math.max(block.length * 2, needed));
      block.copy(grown, 0, 0, used);
      block = grown;
    }
    chunk.copy(block, used, start, end);
    used = needed;
  };
  const flush = (): Promise<void> | void => {
    const full = block.subarray(0, used);
    used = 0;
    return onBlock(full);
  };

  const read = (chunk: Buffer, from = 0): Promise<Buffer | undefined> | Buffer | undefined => {
    let at = from;
    while (at < chunk.length) {
      if (headerUsed < headerSize) {
        const end = Math.min(chunk.length, at + headerSize - headerUsed);
        headerUsed += chunk.copy(header, headerUsed, at, end);
        at = end;
        if (headerUsed < headerSize) return undefined;
        if (header[0] === errorResponse || header[0] === copyDone)
          return Buffer.concat([header, chunk.subarray(at)]);
        left = header.readUInt32BE(1) - 4;
      }
      const end = Math.min(chunk.length, at + left);
      if (header[0] === copyData) append(chunk, at, end);
      left -= end - at;
      at = end;
      if (left > 0) return undefined;
      headerUsed = 0;
      if (used < blockSize) continue;
      const flushed = flush();
      if (flushed instanceof Promise) return flushed.then(() => read(chunk, at));
    }
    return undefined;
  };
  return {
    read,
    finish: async () => {
      if (used > 0) await flush();
    },
  };
}
