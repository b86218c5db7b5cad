import { readdir, stat } from 'node:fs/promises';
import { join, parse } from 'node:path';
import { fileProblem } from '../../base/file-problem.ts';

export interface LogFiles {
  /** Absolute, each once, in the order of their names. */
  readonly files: readonly string[];
  /** Places that a pattern leads to and that could not be looked into. */
  readonly unasked: readonly { readonly source: string; readonly reason: string }[];
}

/**
 * The files that patterns name: `*` and `?` within a name, `**` for folders. A folder that may not be read is told, and
 * so is a name without wildcards that is not there; a wildcard that matches nothing says that there is nothing yet.
 * @param patterns absolute
 */
export async function logFiles(patterns: readonly string[]): Promise<LogFiles> {
  const files = new Set<string>();
  const unasked = new Map<string, string>();
  for (const pattern of patterns) {
    const { root } = parse(pattern);
    const segments = pattern
      .slice(root.length)
      .split(/[/\\]/)
      .filter((segment) => segment !== '');
    await walk(root, segments, { files, unasked });
  }
  return {
    files: [...files].toSorted(),
    unasked: [...unasked].map(([source, reason]) => ({ source, reason })),
  };
}

interface Found {
  readonly files: Set<string>;
  readonly unasked: Map<string, string>;
}

async function walk(folder: string, segments: readonly string[], found: Found): Promise<void> {
  const [segment, ...rest] = segments;
  if (segment === undefined) return;
  if (!/[*?]/.test(segment)) return step(join(folder, segment), rest, found, 'must-be-there');
  if (segment === '**') await walk(folder, rest, found);
  const isMatch = segment === '**' ? () => true : namePattern(segment);
  let names: readonly string[];
  try {
    names = (await readdir(folder)).filter((name) => isMatch(name));
  } catch (error) {
    found.unasked.set(`log files in ${folder}`, fileProblem(error));
    return;
  }
  for (const name of names) {
    const next = segment === '**' ? segments : rest;
    if (segment !== '**' || !name.startsWith('.'))
      await step(join(folder, name), next, found, 'may-be-there');
  }
}

async function step(
  path: string,
  rest: readonly string[],
  found: Found,
  presence: 'must-be-there' | 'may-be-there',
): Promise<void> {
  try {
    const kind = await stat(path);
    if (kind.isDirectory()) return await walk(path, rest, found);
    // `**` at the end stands for every file below.
    if (kind.isFile() && rest.every((segment) => segment === '**')) found.files.add(path);
  } catch (error) {
    // A file may be rotated away between the listing of its folder and this.
    const isGone = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (presence === 'must-be-there' || !isGone) found.unasked.set(`log file ${path}`, fileProblem(error));
  }
}

function namePattern(segment: string): (name: string) => boolean {
  const escaped = segment.replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`);
  const pattern = new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`, 's');
  // As a shell does: a hidden file is meant only by a pattern that begins with the dot.
  return (name) => pattern.test(name) && (!name.startsWith('.') || segment.startsWith('.'));
}
