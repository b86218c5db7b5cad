import { randomBytes } from 'node:crypto';
import { link, mkdir, rename, rm, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errno } from './file-error.ts';
import { viewPath } from './object-path.ts';
import { dataFile, listSequences, type ObjectRecord, readRecord } from './object-record.ts';

const attempts = 10;

/**
 * Makes `objects/<key>` a hard link to the newest bytes of the key, or removes it when there are none. Two writers may
 * run this at once: each looks again afterwards, so that the last one leaves the newest. A crash leaves an older
 * view, which the next `head`, `get` or `put` of the key corrects; the view is for people, the store reads `versions/`.
 * @returns the folder of the view, to be synced, or undefined when nothing was changed
 */
export async function refreshView(root: string, key: string, folder: string): Promise<string | undefined> {
  const path = viewPath(root, key);
  let changed = false;
  try {
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      const data = await newestData(folder);
      if (await isSameFile(path, data)) break;
      changed = true;
      if (data === undefined) await rm(path, { force: true });
      else await linkOver(data, path);
    }
  } catch (error) {
    // Another key is a folder where this one would be a file (`a` and `a/b`), or the store is mounted read-only:
    // the object is safe, only this convenience is missing.
    if (
      !['ENOTDIR', 'EEXIST', 'EISDIR', 'ENOTEMPTY', 'EACCES', 'EROFS', 'ENOENT'].includes(errno(error) ?? '')
    ) {
      throw error;
    }
    return undefined;
  }
  return changed ? dirname(path) : undefined;
}

/**
 * `refreshView` for a writer that has just committed `data` as number `sequence`: most often nobody was there before or
 * came after, and one link and one look are enough.
 */
export async function showNewest(
  root: string,
  key: string,
  folder: string,
  committed: { readonly sequence: number; readonly data: string },
): Promise<string | undefined> {
  const path = viewPath(root, key);
  const isLinked = await linkNew(committed.data, path);
  if (isLinked && (await listSequences(folder))[0] === committed.sequence) return dirname(path);
  return refreshView(root, key, folder);
}

/** Corrects the view of a key whose newest record is at hand; two `stat`s when there is nothing to correct. */
export async function healView(
  root: string,
  key: string,
  folder: string,
  record: ObjectRecord,
): Promise<void> {
  const data = dataFile(folder, record.versionId);
  if (!(await isSameFile(viewPath(root, key), data))) await refreshView(root, key, folder);
}

async function newestData(folder: string): Promise<string | undefined> {
  for (const sequence of await listSequences(folder)) {
    const record = await readRecord(folder, sequence);
    if (record !== undefined)
      return record.kind === 'object' ? dataFile(folder, record.versionId) : undefined;
  }
  return undefined;
}

async function isSameFile(view: string, data: string | undefined): Promise<boolean> {
  const [there, wanted] = await Promise.all([inode(view), data === undefined ? undefined : inode(data)]);
  return there === wanted;
}

async function inode(path: string): Promise<bigint | undefined> {
  try {
    const found = await stat(path, { bigint: true });
    return found.isFile() ? found.ino : undefined;
  } catch (error) {
    if (errno(error) === 'ENOENT' || errno(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}

async function linkNew(data: string, path: string): Promise<boolean> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await link(data, path);
    return true;
  } catch {
    // There is a view already, or something is in the way: the thorough procedure tells which.
    return false;
  }
}

async function linkOver(data: string, path: string): Promise<void> {
  const temporary = join(dirname(path), `.tmp-${randomBytes(8).toString('hex')}`);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await link(data, temporary);
  try {
    await rename(temporary, path);
  } finally {
    // Renaming onto a link to the same file does nothing at all, and leaves the temporary name (POSIX rename).
    await unlink(temporary).catch(() => {});
  }
}
