import { createHash } from 'node:crypto';
import { failure, integrityError, messageOf } from '../../base/error.ts';
import { openMessage } from '../../crypto/openpgp-container.ts';
import { copyFromSql, copyToSql, copyTrailer, partHeader } from '../format/part-sql.ts';
import { rowChecksum, type TableSum } from '../format/row-checksum.ts';
import { decompressFrames } from '../format/zstd-frames.ts';
import { copyRows } from './copy-rows.ts';
import type { Jobs, SealedPart } from './jobs.ts';
import { beginPart, type PartWriter } from './part-writer.ts';
import { clientOf, type WorkerSession } from './session.ts';
import type { JobChannel } from './worker.ts';

/** Reads a table and sends it off in sealed parts; each part is a psql script that loads its rows. */
export async function sealTable(
  session: WorkerSession,
  { table, blocks }: Jobs['seal']['input'],
  channel: JobChannel,
): Promise<Jobs['seal']['output']> {
  const { seal, recipients } = session;
  if (seal === undefined) throw new Error('this worker seals nothing');
  const header = partHeader(table, session.encoding);
  const checksum = rowChecksum();
  let part: PartWriter | undefined;
  let number = 0;
  let rowsBefore = 0;
  let bytes = 0;
  let stored: Promise<void> = Promise.resolve();

  // The block that ends a part comes on top of its size.
  const expectedSize = seal.partSize + 2 ** 22;
  const begin = async (): Promise<PartWriter> => {
    const started = await beginPart({ recipients, level: seal.level, verify: seal.verify, expectedSize });
    started.write(header);
    return started;
  };
  const end = async (finished: PartWriter): Promise<void> => {
    finished.write(copyTrailer);
    const sealed = await finished.finish();
    // At most one part waits for the store while the next one grows: that bounds the memory.
    await stored;
    number += 1;
    const { rows } = checksum.sum();
    const message: SealedPart = {
      part: number,
      bytes: sealed.bytes.buffer,
      sha256: sealed.sha256,
      plainSize: sealed.plainSize,
      plainSha256: sealed.plainSha256,
      headerBytes: header.byteLength,
      rows: rows - rowsBefore,
    };
    rowsBefore = rows;
    stored = channel.sendPart(message);
  };

  const rowsSent = await copyRows(
    clientOf(session),
    copyToSql(table, session.encoding, blocks),
    async (block) => {
      checksum.add(block);
      bytes += block.byteLength;
      part ??= await begin();
      part.write(block);
      channel.progress(block.byteLength);
      if (part.size < seal.partSize) return;
      await end(part);
      part = undefined;
    },
  );
  if (part !== undefined) await end(part);
  await stored;
  const sum = checksum.sum();
  if (sum.rows !== rowsSent) {
    throw integrityError(
      `${table.schema}.${table.name}: the server says it sent ${rowsSent} rows, and ${sum.rows} arrived`,
      { code: 'rows-lost' },
    );
  }
  return { ...sum, bytes };
}

/** Reads a table as `sealTable` does, for its sum alone. */
export async function sumTable(
  session: WorkerSession,
  { table }: Jobs['sum']['input'],
  channel: JobChannel,
): Promise<TableSum> {
  const checksum = rowChecksum();
  await copyRows(clientOf(session), copyToSql(table, session.encoding), (block) => {
    checksum.add(block);
    channel.progress(block.byteLength);
  });
  return checksum.sum();
}

/** Opens a file and sums what is inside. */
export async function inspectFile(
  session: WorkerSession,
  { bytes, headerBytes }: Jobs['inspect']['input'],
  channel: JobChannel,
): Promise<Jobs['inspect']['output']> {
  const hash = createHash('sha256');
  const lines = rowChecksum();
  let plainSize = 0;
  let rest: Buffer = Buffer.alloc(0);
  for (const chunk of await openFile(session, bytes)) {
    hash.update(chunk);
    plainSize += chunk.byteLength;
    channel.progress(chunk.byteLength);
    if (headerBytes === undefined) continue;
    rest = addLines(
      lines,
      plainSize - chunk.byteLength < headerBytes
        ? chunk.subarray(Math.min(chunk.byteLength, headerBytes - (plainSize - chunk.byteLength)))
        : chunk,
      rest,
    );
  }
  if (headerBytes !== undefined && !rest.equals(copyTrailer)) {
    throw integrityError('a part does not end as a part must', { code: 'part-malformed' });
  }
  return { ...lines.sum(), plainSize, plainSha256: hash.digest('hex') };
}

/** Loads a part. The whole text is hashed against the manifest before the transaction commits. */
export async function loadPart(
  session: WorkerSession,
  input: Jobs['load']['input'],
  channel: JobChannel,
): Promise<{ readonly rows: number }> {
  const client = clientOf(session);
  const { from } = await import('pg-copy-streams');
  await client.query('BEGIN');
  try {
    const mark = await client.query(
      `INSERT INTO ${input.markTable} (mark) VALUES ($1) ON CONFLICT DO NOTHING`,
      [input.mark],
    );
    if (mark.rowCount === 0) {
      await client.query('ROLLBACK');
      return { rows: 0 };
    }
    const target = client.query(from(copyFromSql(input.table, session.encoding)));
    const hash = createHash('sha256');
    let seen = 0;
    const rows = async function* (): AsyncGenerator<Buffer> {
      let held: Buffer = Buffer.alloc(0);
      for (const chunk of await openFile(session, input.bytes)) {
        hash.update(chunk);
        const skip = Math.max(0, Math.min(chunk.byteLength, input.headerBytes - seen));
        seen += chunk.byteLength;
        // The last three bytes are the trailer, which is not a row; they may come in pieces.
        const text =
          held.byteLength === 0 ? chunk.subarray(skip) : Buffer.concat([held, chunk.subarray(skip)]);
        const keep = Math.min(text.byteLength, copyTrailer.byteLength);
        held = Buffer.from(text.subarray(text.byteLength - keep));
        if (text.byteLength > keep) {
          channel.progress(text.byteLength - keep);
          yield text.subarray(0, text.byteLength - keep);
        }
      }
      if (!held.equals(copyTrailer) || hash.digest('hex') !== input.plainSha256) {
        throw integrityError('a part is not what the manifest says', { code: 'part-malformed' });
      }
    };
    const { pipeline } = await import('node:stream/promises');
    await pipeline(rows, target);
    await client.query('COMMIT');
    return { rows: target.rowCount };
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {});
    if (error instanceof Error && error.name === 'PosternError') throw error;
    throw failure(`${input.table.schema}.${input.table.name} cannot be loaded: ${messageOf(error)}`, {
      code: 'load-failed',
      cause: error,
    });
  }
}

/** Opens the message whole: nothing unauthenticated goes on. Unpacked, it is larger, and comes block by block. */
async function openFile(session: WorkerSession, bytes: ArrayBuffer): Promise<Iterable<Buffer>> {
  return decompressFrames(await openMessage(new Uint8Array(bytes), session.secretKeys));
}

function addLines(lines: { add(block: Uint8Array): void }, chunk: Buffer, rest: Buffer): Buffer {
  const text = rest.byteLength === 0 ? chunk : Buffer.concat([rest, chunk]);
  // The trailer is a line too: hold back the last line until it is known whether another one follows.
  const lastStart = text.byteLength < 2 ? 0 : text.lastIndexOf(0x0a, text.byteLength - 2) + 1;
  if (lastStart > 0) lines.add(text.subarray(0, lastStart));
  return Buffer.from(text.subarray(lastStart));
}
