import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';

/** A path of the configuration: `~` is the home folder, relative ones start at `folder`. */
export function resolvePath(path: string, folder: string): string {
  if (path === '~' || path.startsWith('~/')) return join(homedir(), path.slice(1));
  return isAbsolute(path) ? path : resolve(folder, path);
}
