import { access, constants, link, readFile, realpath, rename, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { syncFolder, writeFileAtomic } from '../../base/atomic-file.ts';
import { failure, usageError } from '../../base/error.ts';
import { fileProblem } from '../../base/file-problem.ts';

/** @throws {PosternError} exit 2, `file-unreadable` */
export async function readKeyFile(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw usageError(`the key file ${path} cannot be read: ${fileProblem(cause)}`, {
      code: 'file-unreadable',
      cause,
    });
  }
}

/** As `readKeyFile`; undefined when there is none. */
export async function readIfThere(path: string): Promise<Buffer | undefined> {
  return (await isThere(path)) ? readKeyFile(path) : undefined;
}

/** Whether something has this name, readable or not. */
export async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error: unknown) => !(error instanceof Error && 'code' in error && error.code === 'ENOENT'),
  );
}

/** Looks for what would stop `writePublicKey` or `replaceSecretKey`. @throws {PosternError} exit 2, `file-not-writable` */
export async function requireWritable(path: string): Promise<void> {
  try {
    const exists = await isThere(path);
    const file = exists ? await realpath(path) : path;
    if (exists) await access(file, constants.W_OK);
    // A file is replaced as a whole, beside itself.
    await access(dirname(file), constants.W_OK);
  } catch (cause) {
    throw usageError(`${path} and its folder must be writable: ${fileProblem(cause)}`, {
      code: 'file-not-writable',
      cause,
      hints: ['let the user that runs this write there, or write it elsewhere with --public-out'],
    });
  }
}

/** Where a new secret key waits until it is proven. */
export function waitingFile(secretFile: string): string {
  return `${secretFile}.next`;
}

/** What a rotation that was given up may leave of a secret key: that file, and one that was to become it. */
export function leftoverFiles(secretFile: string): readonly string[] {
  const waiting = waitingFile(secretFile);
  return [waiting, join(dirname(waiting), temporaryOf(waiting))];
}

/** @throws {PosternError} exit 1, `key-unwritten` */
export function writeWaiting(secretFile: string, armored: string): Promise<void> {
  return told(waitingFile(secretFile), async () => {
    const { mode, uid, gid } = await stat(secretFile);
    // Whoever reads the secret key now reads the new one, but nobody reads it because everybody did.
    const path = waitingFile(secretFile);
    const options = { mode: mode & 0o770, owner: { uid, gid }, temporaryName: temporaryOf(path) };
    await writeFileAtomic(path, armored, options);
  });
}

/**
 * Puts the secret key that waits in the place of the old one, in one step; again does nothing more.
 * @param keptAs where the old file stays; undefined: nowhere
 * @throws {PosternError} exit 1, `key-unwritten`
 */
export function replaceSecretKey(secretFile: string, keptAs: string | undefined): Promise<void> {
  return told(secretFile, async () => {
    if (keptAs !== undefined) {
      await link(secretFile, keptAs).catch((error: unknown) => {
        if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
      });
    }
    await rename(waitingFile(secretFile), secretFile);
    await syncFolder(dirname(secretFile));
  });
}

/** The permissions of a file that is there stay. @throws {PosternError} exit 1, `key-unwritten` */
export function writePublicKey(path: string, armored: string): Promise<void> {
  return told(path, async () => {
    const file = await realpath(path).catch(() => path);
    const there = await stat(file).catch(() => undefined);
    await writeFileAtomic(file, armored, {
      temporaryName: temporaryOf(file),
      ...(there === undefined
        ? { mode: 0o644 }
        : { mode: there.mode & 0o777, owner: { uid: there.uid, gid: there.gid } }),
    });
  });
}

/** The same each time: a killed run leaves no copy of a secret key that the next one does not know of. */
function temporaryOf(path: string): string {
  return `.${basename(path)}.tmp`;
}

async function told(path: string, write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (cause) {
    if (!(cause instanceof Error && 'errno' in cause)) throw cause;
    throw failure(`${path} cannot be written: ${fileProblem(cause)}`, {
      code: 'key-unwritten',
      cause,
      hints: ['the file is as it was; mend the cause and run this again'],
    });
  }
}
