import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A real file system with little room, in memory. */
export interface SmallDisk {
  readonly path: string;
  remove(): void;
}

/** @param size as mount takes it: `20m` */
export function smallDisk(size: string): SmallDisk {
  const path = mkdtempSync(join(tmpdir(), 'postern-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', path], { stdio: 'pipe' });
  } catch (error) {
    rmSync(path, { recursive: true });
    throw error;
  }
  return {
    path,
    remove: () => {
      // A server that is still at its end may hold files in it.
      execFileSync('umount', ['-l', path]);
      rmSync(path, { recursive: true });
    },
  };
}

/** Why no small disk can be had here, or undefined. */
export function whyNoSmallDisk(): string | undefined {
  try {
    smallDisk('1m').remove();
    return undefined;
  } catch {
    return 'needs the right to mount (root, or CAP_SYS_ADMIN), not given here';
  }
}
