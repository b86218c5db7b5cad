import { createHash } from 'node:crypto';
import { integrityError } from '../../base/error.ts';
import { type KeyringTable, keyringCopySql } from '../format/keyring-sql.ts';
import { copyToSql, copyTrailer } from '../format/part-sql.ts';
import { rowChecksum, type TableSum } from '../format/row-checksum.ts';
import { copyRows } from './copy-rows.ts';
import type { Jobs } from './jobs.ts';
import { openFile } from './open-file.ts';
import { clientOf, type WorkerSession } from './session.ts';
import type { JobChannel } from './worker.ts';

/** Reads a table as a backup does, for its sum alone. */
export function sumTable(
  session: WorkerSession,
  { table }: Jobs['sum']['input'],
  channel: JobChannel,
): Promise<TableSum> {
  return sumRows(session, copyToSql(table, session.encoding), channel);
}

/** Reads the wrapped keys of a table as a backup does, for their sum alone. */
export function sumKeyring(
  session: WorkerSession,
  { table }: { readonly table: KeyringTable },
  channel: JobChannel,
): Promise<TableSum> {
  return sumRows(session, keyringCopySql(table, session.encoding), channel);
}

async function sumRows(session: WorkerSession, sql: string, channel: JobChannel): Promise<TableSum> {
  const checksum = rowChecksum();
  await copyRows(clientOf(session), sql, (block) => {
    checksum.add(block);
    channel.progress(block.byteLength);
  });
  return checksum.sum();
}

/** Opens a file and sums what is inside. */
export async function inspectFile(
  input: Jobs['inspect']['input'],
  channel: JobChannel,
): Promise<Jobs['inspect']['output']> {
  const { headerBytes, trailerBytes = copyTrailer.byteLength } = input;
  const hash = createHash('sha256');
  const lines = rowChecksum();
  let plainSize = 0;
  let rest: Buffer = Buffer.alloc(0);
  for (const chunk of await openFile(input)) {
    hash.update(chunk);
    const skip = Math.max(0, Math.min(chunk.byteLength, (headerBytes ?? 0) - plainSize));
    plainSize += chunk.byteLength;
    channel.progress(chunk.byteLength);
    if (headerBytes !== undefined) rest = addLines(lines, chunk.subarray(skip), rest, trailerBytes);
  }
  if (
    headerBytes !== undefined &&
    !rest.subarray(-trailerBytes).subarray(0, copyTrailer.byteLength).equals(copyTrailer)
  )
    throw integrityError('a part does not end as a part must', { code: 'part-malformed' });
  if (rest.byteLength > trailerBytes) lines.add(rest.subarray(0, rest.byteLength - trailerBytes));
  return { ...lines.sum(), plainSize, plainSha256: hash.digest('hex') };
}

/** Sums whole lines that are surely in front of the trailer, and gives back what waits for the next chunk. */
function addLines(
  lines: { add(block: Uint8Array): void },
  chunk: Buffer,
  rest: Buffer,
  trailerBytes: number,
): Buffer {
  const text = rest.byteLength === 0 ? chunk : Buffer.concat([rest, chunk]);
  const sure = text.byteLength - trailerBytes;
  const end = sure < 1 ? 0 : text.lastIndexOf(0x0a, sure - 1) + 1;
  if (end > 0) lines.add(text.subarray(0, end));
  return Buffer.from(text.subarray(end));
}
