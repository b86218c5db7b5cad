import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { crc32, createInflateRaw, inflateRawSync } from 'node:zlib';
import { type ByteSource, byteSource } from '../../../base/byte-source.ts';
import { integrityError } from '../../../base/error.ts';
import { sha256Hex } from '../../../crypto/sha256.ts';
import { centralHeader, endRecords, localHeader, signature, type ZipEntry } from './headers.ts';

/** An entry as it came out of the archive. */
export interface ReadEntry {
  readonly name: string;
  readonly size: number;
  /** Of the content, lowercase hex. */
  readonly sha256: string;
}

/** Entries up to this size are inflated at once. */
const smallEntry = 1 << 20;

/**
 * Reads an archive of ours from its first byte to its last: every entry is inflated and its checksum compared, and the
 * directory at the end has to be, byte by byte, the one that these entries make. Memory is the same however many
 * there are.
 * @throws {PosternError} exit 5, `archive-corrupt`
 */
export async function* readZip(
  chunks: AsyncIterable<Uint8Array>,
  at: Date,
): AsyncGenerator<ReadEntry, void, undefined> {
  const source = byteSource(chunks, () => corrupt('it ends too early'));
  const expected = createHash('sha256');
  let entries = 0;
  let directorySize = 0;
  let next = await source.take(4);
  for (; next.readUInt32LE(0) === signature.local; next = await source.take(4)) {
    const offset = source.position() - 4;
    const entry = await readLocalHeader(source, next, at);
    const content = await readContent(source, entry);
    if (content.size !== entry.size || content.crc32 !== entry.crc32)
      throw corrupt('the content of an entry is not the one that was written');
    const record = centralHeader(entry, offset, at);
    expected.update(record);
    directorySize += record.byteLength;
    entries += 1;
    yield { name: entry.name, size: content.size, sha256: content.sha256 };
  }
  const start = source.position() - 4;
  expected.update(endRecords(entries, start, directorySize));
  const found = createHash('sha256').update(next);
  for (let piece = await source.some(); piece !== undefined; piece = await source.some()) found.update(piece);
  if (found.digest('hex') !== expected.digest('hex'))
    throw corrupt('its directory does not name the entries that are there');
}

/** @param first its signature */
async function readLocalHeader(source: ByteSource, first: Buffer, at: Date): Promise<ZipEntry> {
  const header = await source.take(26);
  const name = await source.take(header.readUInt16LE(22));
  const extra = await source.take(header.readUInt16LE(24));
  const has64 = extra.byteLength >= 20;
  const entry = {
    name: name.toString(),
    method: header.readUInt16LE(4) === 8 ? 'deflated' : 'stored',
    crc32: header.readUInt32LE(10),
    compressedSize: has64 ? Number(extra.readBigUInt64LE(12)) : header.readUInt32LE(14),
    size: has64 ? Number(extra.readBigUInt64LE(4)) : header.readUInt32LE(18),
  } as const;
  if (!localHeader(entry, at).equals(Buffer.concat([first, header, name, extra])))
    throw corrupt('the header of an entry is not the one that was written');
  return entry;
}

interface Content {
  readonly size: number;
  readonly crc32: number;
  readonly sha256: string;
}

async function readContent(source: ByteSource, entry: ZipEntry): Promise<Content> {
  if (entry.compressedSize <= smallEntry && entry.size <= smallEntry) {
    const packed = await source.take(entry.compressedSize);
    const content = entry.method === 'stored' ? packed : inflated(packed, entry.size);
    return { size: content.byteLength, crc32: crc32(content), sha256: sha256Hex(content) };
  }
  const hash = createHash('sha256');
  let size = 0;
  let sum = 0;
  const take = (piece: Uint8Array): void => {
    hash.update(piece);
    size += piece.byteLength;
    sum = crc32(piece, sum);
  };
  if (entry.method === 'stored') {
    for await (const piece of source.body(entry.compressedSize)) take(piece);
  } else {
    await inflateEach(source.body(entry.compressedSize), take);
  }
  return { size, crc32: sum, sha256: hash.digest('hex') };
}

function inflated(packed: Uint8Array, size: number): Uint8Array {
  try {
    return inflateRawSync(packed, { chunkSize: Math.max(64, size), maxOutputLength: size + 1 });
  } catch (cause) {
    throw corrupt('an entry cannot be unpacked', cause);
  }
}

async function inflateEach(
  packed: AsyncIterable<Uint8Array>,
  take: (piece: Uint8Array) => void,
): Promise<void> {
  const inflate = createInflateRaw();
  inflate.on('data', take);
  const ended = once(inflate, 'end').catch((cause: unknown) => {
    throw corrupt('an entry cannot be unpacked', cause);
  });
  // Its error is told by `ended`, which is awaited below.
  ended.catch(() => {});
  for await (const piece of packed) {
    if (inflate.destroyed) break;
    if (!inflate.write(piece)) await Promise.race([once(inflate, 'drain'), ended]);
  }
  inflate.end();
  await ended;
}

function corrupt(why: string, cause?: unknown): Error {
  return integrityError(`the archive that was written is not what it should be: ${why}`, {
    code: 'archive-corrupt',
    cause,
    hints: ['nothing of it was kept; look at the disk, and run again'],
  });
}
