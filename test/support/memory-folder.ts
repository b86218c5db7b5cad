import { accessSync, constants, statfsSync } from 'node:fs';

const folder = '/dev/shm';
/** Bytes. A run of all tests needs at most a fourth of it at any moment. */
const enough = 4 * 2 ** 30;

/**
 * A folder in memory, where there is one with enough room: tests make thousands of databases, of 300 files each, and on
 * many disks that is most of what they take. Undefined where there is none.
 */
export function memoryFolder(): string | undefined {
  try {
    accessSync(folder, constants.W_OK);
    const { bavail, bsize } = statfsSync(folder);
    return Math.min(bavail * bsize, process.availableMemory()) >= enough ? folder : undefined;
  } catch {
    return undefined;
  }
}
