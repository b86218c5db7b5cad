import { createHash } from 'node:crypto';
import { open, unlink } from 'node:fs/promises';
import { allOf } from '../../../base/byte-source.ts';
import { PosternError } from '../../../base/error.ts';
import { releaseMemory } from '../../../base/release-memory.ts';
import { zipWriter } from '../zip/writer.ts';
import { type ClosedFile, growingFile, packed } from './growing-file.ts';
import { lineOf, type ManifestList, writeManifest } from './manifest.ts';
import { oneBehind } from './one-behind.ts';
import { differs, type Expected, readBack } from './read-back.ts';
import { newSeal, type SealedFile, type SealedFor } from './seal.ts';
import { openSpool } from './spool.ts';

/** Bytes that go to the disk at once. */
const blockSize = 1 << 20;

/** So much of the beginning is compared byte by byte: it holds what only a recipient can open. */
const headSize = 1 << 16;

export interface PartOptions {
  readonly folder: string;
  /** Where it lies until all is proven. */
  readonly path: string;
  readonly sealedFor: SealedFor;
  readonly at: Date;
}

/** One file of the export: a zip that stands for itself, encrypted or not. */
export interface Part {
  /** Bytes that it would have if it were finished now; the manifest is counted as it is yet without being packed. */
  readonly size: number;
  readonly files: number;
  add(file: ClosedFile): Promise<void>;
  /** A line of a list of the manifest. */
  note(list: ManifestList, line: Readonly<Record<string, unknown>>): Promise<void>;
  /**
   * Ends it, brings it to the disk, reads it back from there, and compares.
   * @param manifestHead members that stand before the lists
   * @param signed what goes beside the manifest: a signature over its digest; undefined where nobody signs
   * @throws {PosternError} exit 5, `archive-corrupt`
   */
  finish(
    manifestHead: Readonly<Record<string, unknown>>,
    signed: (manifestSha256: string) => Promise<string | undefined>,
  ): Promise<FinishedPart>;
  /** Removes it, whatever state it is in. */
  abandon(): Promise<void>;
}

export interface FinishedPart {
  readonly path: string;
  readonly bytes: number;
  /** Of the file as it lies there, lowercase hex. */
  readonly sha256: string;
  readonly files: number;
}

/** @throws {NodeJS.ErrnoException} EACCES, ENOSPC, EEXIST… */
export async function beginPart({ folder, path, sealedFor, at }: PartOptions): Promise<Part> {
  const handle = await open(path, 'wx+', 0o600);
  const lists = {
    files: await openSpool(folder),
    maskings: await openSpool(folder),
    notExported: await openSpool(folder),
    directory: await openSpool(folder),
  };
  const seal = await newSeal(sealedFor);
  const hash = createHash('sha256');
  let written = 0;
  let held: Uint8Array[] = [seal.head];
  let heldSize = seal.head.byteLength;
  let files = 0;
  const writing = oneBehind();
  let beginning: Buffer = Buffer.alloc(0);

  async function flush(): Promise<void> {
    const block = Buffer.concat(held);
    held = [];
    heldSize = 0;
    hash.update(block);
    if (written < headSize)
      beginning = Buffer.concat([beginning, block], Math.min(headSize, written + block.byteLength));
    const start = written;
    written += block.byteLength;
    await writing.begin(async () => {
      for (let done = 0; done < block.byteLength; ) {
        const { bytesWritten } = await handle.write(block, done, undefined, start + done);
        done += bytesWritten;
      }
      releaseMemory(block);
    });
  }
  async function sink(bytes: Uint8Array): Promise<void> {
    const ready = seal.writer === undefined ? [Uint8Array.from(bytes)] : seal.writer.write(bytes);
    for (const piece of ready) heldSize += held.push(piece) > 0 ? piece.byteLength : 0;
    if (heldSize >= blockSize) await flush();
  }
  const zip = zipWriter(sink, lists.directory, at);
  const listSize = () => lists.files.size + lists.maskings.size + lists.notExported.size;

  async function close(): Promise<void> {
    for (const spool of Object.values(lists)) await spool.close().catch(() => {});
    await handle.close();
  }

  return {
    get size() {
      return (
        written + heldSize + (zip.size - written > blockSize ? blockSize : 0) + zip.directorySize + listSize()
      );
    },
    get files() {
      return files;
    },
    async add({ entry, sha256, body }) {
      await zip.add(entry, body);
      files += 1;
      await lists.files.write(lineOf({ path: entry.name, bytes: entry.size, sha256 }));
    },
    note: (list, text) => lists[list].write(lineOf(text)),
    async finish(manifestHead, signed) {
      let manifestSha256 = '';
      const manifest = growingFile('manifest.json', folder, async (file) => {
        manifestSha256 = file.sha256;
        await zip.add(file.entry, file.body);
      });
      try {
        await writeManifest(manifest, manifestHead, lists);
      } finally {
        await manifest.discard();
      }
      const signature = await signed(manifestSha256);
      const extra: Expected[] = [{ name: 'manifest.json', size: manifest.size, sha256: manifestSha256 }];
      if (signature !== undefined) {
        const file = await packed('manifest.dsse.json', Buffer.from(signature));
        await zip.add(file.entry, file.body);
        extra.push({ name: file.entry.name, size: file.entry.size, sha256: file.sha256 });
      }
      await zip.finish();
      for (const piece of seal.writer?.finish() ?? [])
        heldSize += held.push(piece) > 0 ? piece.byteLength : 0;
      await flush();
      await writing.end();
      await handle.sync();
      const { size: onDisk } = await handle.stat();
      const sha256 = hash.digest('hex');
      const file: SealedFile = {
        size: onDisk,
        async *read(start, end = onDisk) {
          for (let position = start; position < end; ) {
            const block = Buffer.allocUnsafe(Math.min(blockSize, end - position));
            const { bytesRead } = await handle.read(block, 0, block.byteLength, position);
            if (bytesRead === 0) return;
            position += bytesRead;
            yield block.subarray(0, bytesRead);
          }
        },
      };
      const first = await allOf(file.read(0, Math.min(onDisk, headSize)));
      if (onDisk !== written || !first.equals(beginning)) throw differs();
      await readBack(seal.open(file), at, lists.files, extra).catch((error: unknown) => {
        // What the encryption says of changed bytes is the same news.
        throw error instanceof PosternError ? differs(error) : error;
      });
      await close();
      return { path, bytes: written, sha256, files };
    },
    async abandon() {
      await writing.end().catch(() => {});
      await close().catch(() => {});
      await unlink(path).catch(() => {});
    },
  };
}
