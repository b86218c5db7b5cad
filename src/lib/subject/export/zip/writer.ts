import type { Spool } from '../archive/spool.ts';
import { centralHeader, endRecords, localHeader, type ZipEntry } from './headers.ts';

/** Writes a zip from its first byte to its last. Memory is the same however many entries there are. */
export interface ZipWriter {
  /** Bytes so far, without the directory that `finish` adds. */
  readonly size: number;
  /** How much longer the directory has become. */
  readonly directorySize: number;
  /** @param body as many bytes as `compressedSize` says */
  add(entry: ZipEntry, body: AsyncIterable<Uint8Array> | Uint8Array): Promise<void>;
  finish(): Promise<void>;
}

/** @param directory keeps the central directory until the end; the caller closes it */
export function zipWriter(sink: (bytes: Uint8Array) => Promise<void>, directory: Spool, at: Date): ZipWriter {
  let size = 0;
  let entries = 0;
  const put = (bytes: Uint8Array): Promise<void> => {
    size += bytes.byteLength;
    return sink(bytes);
  };
  return {
    get size() {
      return size;
    },
    get directorySize() {
      return directory.size;
    },
    async add(entry, body) {
      const offset = size;
      const header = localHeader(entry, at);
      if (body instanceof Uint8Array) await put(Buffer.concat([header, body]));
      else {
        await put(header);
        for await (const piece of body) await put(piece);
      }
      if (size - offset - header.byteLength !== entry.compressedSize)
        throw new Error(
          `an entry has ${size - offset - header.byteLength} bytes, and not those that were told`,
        );
      entries += 1;
      await directory.write(centralHeader(entry, offset, at));
    },
    async finish() {
      const start = size;
      for await (const piece of directory.read()) await put(piece);
      await put(endRecords(entries, start, size - start));
    },
  };
}
