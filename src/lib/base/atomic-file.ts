import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { link, mkdir, open, rename, rm, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';

export interface AtomicWriteOptions {
  /** Permission bits of the new file; 0o600 unless told, because most of what postern writes is sensitive. */
  readonly mode?: number;
  /** `replace` renames over an existing file; `create` fails with EEXIST when there is one. */
  readonly when?: 'replace' | 'create';
  /** Whose the new file is; then `mode` holds whatever the umask says. Our own unless told. */
  readonly owner?: { readonly uid: number; readonly gid: number };
  /**
   * What the temporary file is called, for a caller whom a lock keeps alone: what a killed run left under that name does
   * not stay. One that nobody has unless told.
   */
  readonly temporaryName?: string;
}

/**
 * Writes a whole file or none: temporary file in the same folder, fsync, rename (or link, so that `create` is
 * exclusive), fsync of the folder. A crash at any point leaves the old file or the new one.
 * @throws {NodeJS.ErrnoException} EEXIST with `when: 'create'`, ENOSPC, EACCES…
 */
export async function writeFileAtomic(
  path: string,
  data: string | Uint8Array,
  { mode = 0o600, when = 'replace', owner, temporaryName }: AtomicWriteOptions = {},
): Promise<void> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true });
  const temporary = join(folder, temporaryName ?? `.tmp-${randomBytes(8).toString('hex')}`);
  if (temporaryName !== undefined) await rm(temporary, { force: true });
  try {
    const handle = await open(temporary, 'wx', mode);
    try {
      if (owner !== undefined) {
        await handle.chown(owner.uid, owner.gid);
        await handle.chmod(mode);
      }
      await handle.writeFile(data);
      await handle.sync();
    } finally {
      await handle.close();
    }
    if (when === 'create') {
      await link(temporary, path);
      await unlink(temporary);
    } else {
      await rename(temporary, path);
    }
  } catch (error) {
    await unlink(temporary).catch(() => {});
    throw error;
  }
  await syncFolder(folder);
}

/** Makes a rename or an unlink in the folder durable. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
