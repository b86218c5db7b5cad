import { integrityError } from '../../base/error.ts';
import { keyringCopySql, keyringScript } from '../format/keyring-sql.ts';
import { copyToSql, copyTrailer, partHeader } from '../format/part-sql.ts';
import { rowChecksum, type TableSum } from '../format/row-checksum.ts';
import { copyRows } from './copy-rows.ts';
import type { Jobs, SealedPart } from './jobs.ts';
import { beginPart, type PartWriter } from './part-writer.ts';
import { clientOf, type WorkerSession } from './session.ts';
import type { JobChannel } from './worker.ts';

/** Reads a table and sends it off in sealed parts; each part is a psql script that loads its rows. */
export function sealTable(
  session: WorkerSession,
  { table, blocks }: Jobs['seal']['input'],
  channel: JobChannel,
): Promise<Jobs['seal']['output']> {
  return sealRows(session, channel, {
    name: `${table.schema}.${table.name}`,
    sql: copyToSql(table, session.encoding, blocks),
    header: partHeader(table, session.encoding),
    trailer: copyTrailer,
  });
}

/** Reads the wrapped keys of a table, as `sealTable` does its rows. */
export function sealKeyring(
  session: WorkerSession,
  { table }: Jobs['seal-keyring']['input'],
  channel: JobChannel,
): Promise<Jobs['seal-keyring']['output']> {
  return sealRows(session, channel, {
    name: `the wrapped keys of ${table.schema}.${table.name}`,
    sql: keyringCopySql(table, session.encoding),
    ...keyringScript(table, session.encoding),
  });
}

interface Rows {
  /** For messages. */
  readonly name: string;
  readonly sql: string;
  /** What makes the rows of a part a script: text in front of them and behind them. */
  readonly header: Buffer;
  readonly trailer: Buffer;
}

async function sealRows(
  session: WorkerSession,
  channel: JobChannel,
  { name, sql, header, trailer }: Rows,
): Promise<TableSum & { readonly bytes: number }> {
  const { seal, recipients } = session;
  if (seal === undefined) throw new Error('this worker seals nothing');
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
    finished.write(trailer);
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
      sessionKey: sealed.sessionKey,
      headerBytes: header.byteLength,
      trailerBytes: trailer.byteLength,
      rows: rows - rowsBefore,
    };
    rowsBefore = rows;
    stored = channel.sendPart(message);
  };

  const rowsSent = await copyRows(clientOf(session), sql, async (block) => {
    checksum.add(block);
    bytes += block.byteLength;
    part ??= await begin();
    part.write(block);
    channel.progress(block.byteLength);
    if (part.size < seal.partSize) return;
    await end(part);
    part = undefined;
  });
  if (part !== undefined) await end(part);
  await stored;
  const sum = checksum.sum();
  if (sum.rows !== rowsSent) {
    throw integrityError(`${name}: the server says it sent ${rowsSent} rows, and ${sum.rows} arrived`, {
      code: 'rows-lost',
    });
  }
  return { ...sum, bytes };
}
