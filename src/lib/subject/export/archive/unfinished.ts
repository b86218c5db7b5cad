import { randomBytes } from 'node:crypto';
import { readdir, unlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { sha256Hex } from '../../../crypto/sha256.ts';

const host = (): string => sha256Hex(hostname()).slice(0, 8);

/** What a file is called until it is whole: by this host and process, so that a later run knows what is nobody's. */
export function unfinishedName(): string {
  return `.postern-export-${host()}-${process.pid}-${randomBytes(6).toString('hex')}`;
}

/** Removes what runs of this host left that were killed; others' runs that still go on keep theirs. */
export async function removeUnfinished(folder: string): Promise<void> {
  const pattern = new RegExp(String.raw`^\.postern-export-${host()}-(\d+)-`);
  for (const name of await readdir(folder)) {
    const [, pid] = pattern.exec(name) ?? [];
    if (pid === undefined || Number(pid) === process.pid || isAlive(Number(pid))) continue;
    await unlink(join(folder, name)).catch(() => {});
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // EPERM: it is there, and another user's.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
