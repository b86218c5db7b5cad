import { readFile, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { usageError } from '../../base/error.ts';

/** Whose a file is to be; what is missing stays as it is on the file that is there. */
export interface Ownership {
  readonly mode?: number;
  /** By name or number. */
  readonly owner?: string | number;
  readonly group?: string | number;
}

export interface FileOwnership {
  readonly mode: number;
  readonly owner: { readonly uid: number; readonly gid: number };
}

/**
 * How a file is written: as told, else as the one that it replaces, but for no others than its owner and group, else
 * readable by ourselves alone.
 * @throws {PosternError} exit 2 `owner-unknown`
 */
export async function ownershipOf(path: string, { mode, owner, group }: Ownership): Promise<FileOwnership> {
  const found = await stat(path).catch(() => undefined);
  return {
    // Unless somebody says so, a password is not for everybody, even if the file was.
    mode: mode ?? (found === undefined ? 0o600 : found.mode & 0o770),
    owner: {
      uid: (await idOf(owner, '/etc/passwd')) ?? found?.uid ?? process.getuid?.() ?? 0,
      gid: (await idOf(group, '/etc/group')) ?? found?.gid ?? process.getgid?.() ?? 0,
    },
  };
}

/** Where a path leads; a file that is not there yet is looked for in its folder. */
export async function realPath(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    const folder = await realpath(dirname(path)).catch(() => dirname(path));
    return join(folder, basename(path));
  }
}

async function idOf(name: string | number | undefined, database: string): Promise<number | undefined> {
  if (name === undefined || typeof name === 'number') return name;
  const lines = (await readFile(database, 'utf8').catch(() => '')).split('\n');
  const [, , id] = lines.map((line) => line.split(':')).find(([first]) => first === name) ?? [];
  if (id !== undefined) return Number(id);
  throw usageError(`there is no ${name} in ${database}`, {
    code: 'owner-unknown',
    hints: ['give its number where it comes from elsewhere than the local files'],
  });
}
