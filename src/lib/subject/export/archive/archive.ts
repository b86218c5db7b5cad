import { link, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { syncFolder } from '../../../base/atomic-file.ts';
import { usageError } from '../../../base/error.ts';
import { type GrowingFile, growingFile, packed } from './growing-file.ts';
import type { ManifestList } from './manifest.ts';
import { beginPart, type FinishedPart, type Part } from './part.ts';
import type { SealedFor } from './seal.ts';
import { removeUnfinished, unfinishedName } from './unfinished.ts';

export interface ArchiveOptions {
  readonly folder: string;
  /** How a file of it is called: `ann.zip.gpg` alone, `ann.001.zip.gpg` in a set. */
  readonly fileName: (part: number | undefined) => string;
  /** Bytes that a file is to have at most; undefined: one file, however large. */
  readonly splitAt: number | undefined;
  readonly sealedFor: SealedFor;
  readonly at: Date;
  readonly signal: AbortSignal;
  /** Members of every manifest. */
  readonly manifestHead: Readonly<Record<string, unknown>>;
  /** The file that tells what is where; of a set, the last part has it. */
  readonly overview: string;
  /** Signs a manifest's digest; undefined where nobody signs. */
  readonly sign: (manifestSha256: string, part: number) => Promise<string | undefined>;
}

/** An archive, in one file or in several that each stand for themselves. */
export interface Archive {
  /** @param path `/`-separated, relative, made of safe names */
  add(path: string, content: Uint8Array | string): Promise<void>;
  /** A file that is written while others are; it comes into the archive when it is closed. */
  create(path: string): GrowingFile;
  note(list: ManifestList, line: Readonly<Record<string, unknown>>): Promise<void>;
  /** Ends it and reads all of it back from the disk. @throws {PosternError} exit 5, `archive-corrupt` */
  prove(): Promise<void>;
  /** Gives the files their names, once they are proven. @throws {PosternError} exit 2, `out-exists` */
  publish(): Promise<readonly PublishedPart[]>;
  /** Removes all that was written. */
  abandon(): Promise<void>;
}

export interface PublishedPart extends Omit<FinishedPart, 'path'> {
  readonly file: string;
}

/** Room for the end of a part: its manifest's frame, signature and end records. */
const reserve = 16_384;

/** @throws {NodeJS.ErrnoException} EACCES, ENOSPC… */
export async function openArchive(options: ArchiveOptions): Promise<Archive> {
  const { folder, fileName, splitAt, sealedFor, at, signal } = options;
  const finished: FinishedPart[] = [];
  await removeUnfinished(folder);
  const begin = (): Promise<Part> =>
    beginPart({ folder, path: join(folder, unfinishedName()), sealedFor, at });
  const open = new Set<GrowingFile>();
  let part = await begin();

  async function end(isLast: boolean): Promise<void> {
    const number = finished.length + 1;
    const head = { ...options.manifestHead, part: number, parts: isLast ? number : null };
    if (!isLast) await part.add(await packed('README.txt', Buffer.from(readme(number, options.overview))));
    finished.push(await part.finish(head, (sha256) => options.sign(sha256, number)));
  }
  async function addFile(file: Awaited<ReturnType<typeof packed>>): Promise<void> {
    signal.throwIfAborted();
    const isFull =
      splitAt !== undefined &&
      part.files > 0 &&
      part.size + file.entry.compressedSize + file.entry.name.length * 3 + reserve > splitAt;
    if (isFull) {
      await end(false);
      part = await begin();
    }
    await part.add(file);
  }

  return {
    add: async (path, content) => addFile(await packed(path, Buffer.from(content as Uint8Array))),
    create(path) {
      const file = growingFile(path, folder, async (closed) => {
        open.delete(file);
        await addFile(closed);
      });
      open.add(file);
      return file;
    },
    note: (list, line) => part.note(list, line),
    prove: () => end(true),
    async publish() {
      signal.throwIfAborted();
      const names = finished.map((_, index) => fileName(finished.length === 1 ? undefined : index + 1));
      await giveNames(folder, finished, names);
      return finished.map(({ bytes, sha256, files }, index) => ({
        bytes,
        sha256,
        files,
        file: join(folder, names[index] ?? ''),
      }));
    },
    async abandon() {
      for (const file of open) await file.discard();
      await part.abandon();
      for (const { path } of finished) await unlink(path).catch(() => {});
    },
  };
}

/** Gives the files their names, all or none; the first one last, so that a set without it is seen to be none. */
async function giveNames(
  folder: string,
  parts: readonly FinishedPart[],
  names: readonly string[],
): Promise<void> {
  const named: string[] = [];
  try {
    for (const [index, { path }] of [...parts.entries()].toReversed()) {
      const target = join(folder, names[index] ?? '');
      await link(path, target).catch((cause: unknown) => {
        throw isThere(cause) ? outExists(target, cause) : cause;
      });
      named.push(target);
    }
    await syncFolder(folder);
  } catch (error) {
    for (const target of named) await unlink(target).catch(() => {});
    throw error;
  }
  for (const { path } of parts) await unlink(path);
  await syncFolder(folder);
}

const isThere = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'EEXIST';

/** @returns exit 2, `out-exists` */
export function outExists(file: string, cause?: unknown): Error {
  return usageError(`${file} is there already`, {
    code: 'out-exists',
    cause,
    hints: ['nothing is overwritten: give another name with --out'],
  });
}

const readme = (part: number, overview: string): string =>
  `This is part ${part} of an export in several files. Each of them is a zip of its own.\r\n${overview}, which tells what is where, is in the last one.\r\n`;
