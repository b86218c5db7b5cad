import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { objectCorrupt, objectMissing, rangeNotSatisfiable } from '../object-error.ts';
import type { GetOptions } from '../object-store.ts';
import { errno } from './file-error.ts';
import { dataFile, type FoundVersion, type ObjectRecord, readRecord } from './object-record.ts';

const chunkBytes = 1 << 20;

/**
 * The bytes of one version. A whole read is checked against the record, and its last chunk is held back until the
 * hash agrees, so that nobody takes a corrupt object for a complete one. A range cannot be checked.
 * @throws {PosternError} `object-corrupt` (exit 5), `range-not-satisfiable`
 */
export async function* readVersion(
  location: string,
  folder: string,
  found: FoundVersion,
  range: GetOptions['range'],
): AsyncIterable<Uint8Array> {
  const { record } = found;
  if (range !== undefined && range.start >= record.size) throw rangeNotSatisfiable(location, record.key);
  const handle = await openData(location, folder, found);
  try {
    const { size } = await handle.stat();
    if (size !== record.size) {
      throw objectCorrupt(location, record.key, `it has ${size} bytes instead of ${record.size}`);
    }
    if (range === undefined) yield* readWhole(location, handle, record);
    else yield* readChunks(handle, range.start, Math.min(range.end + 1, record.size));
  } finally {
    await handle.close();
  }
}

async function openData(
  location: string,
  folder: string,
  { sequence, record }: FoundVersion,
): Promise<FileHandle> {
  try {
    return await open(dataFile(folder, record.versionId), 'r');
  } catch (error) {
    if (errno(error) !== 'ENOENT') throw error;
    // A deletion takes the record first, then the bytes; it may have come between our reading of the two.
    const deleted = (await readRecord(folder, sequence)) === undefined;
    throw deleted
      ? objectMissing(location, record.key)
      : objectCorrupt(location, record.key, 'its bytes are gone');
  }
}

async function* readWhole(
  location: string,
  handle: FileHandle,
  record: ObjectRecord,
): AsyncIterable<Uint8Array> {
  const hash = createHash('sha256');
  let held: Uint8Array | undefined;
  for await (const chunk of readChunks(handle, 0, record.size)) {
    hash.update(chunk);
    if (held !== undefined) yield held;
    held = chunk;
  }
  if (hash.digest('hex') !== record.sha256) {
    throw objectCorrupt(location, record.key, 'its SHA-256 is not the one that was stored with it');
  }
  if (held !== undefined) yield held;
}

async function* readChunks(handle: FileHandle, start: number, end: number): AsyncIterable<Uint8Array> {
  for (let position = start; position < end; ) {
    const buffer = Buffer.allocUnsafeSlow(Math.min(chunkBytes, end - position));
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}
