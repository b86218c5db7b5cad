import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errno } from './file-error.ts';
import { decodeSegment, encodeSegment, isShortened, objectSuffix, segmentNameFile } from './object-path.ts';

/** How many folders are looked into at once: enough to keep a disk busy, few enough to keep memory flat. */
const lookAhead = 64;

/**
 * Visits every object folder whose key starts with the prefix, in ascending byte order of the keys, and yields what
 * `visit` found there. Memory is bounded by the names of the largest folder on the way, not by the store.
 */
export async function* walkObjects<T>(
  root: string,
  prefix: string,
  visit: (key: string, folder: string) => Promise<T | undefined>,
): AsyncIterable<T> {
  const segments = prefix.split('/');
  const partial = segments.pop() ?? '';
  const folder = join(root, 'versions', ...segments.map(encodeSegment));
  const base = segments.map((segment) => `${segment}/`).join('');
  yield* walkFolder(folder, base, partial, visit);
}

async function* walkFolder<T>(
  folder: string,
  base: string,
  partial: string,
  visit: (key: string, folder: string) => Promise<T | undefined>,
): AsyncIterable<T> {
  const entries = await readEntries(folder, partial);
  for (let start = 0; start < entries.length; start += lookAhead) {
    const batch = entries.slice(start, start + lookAhead);
    const found = await Promise.all(
      batch.map(({ segment, path, isObject }) =>
        isObject ? visit(base + segment, path) : Promise.resolve(undefined),
      ),
    );
    for (const [index, { segment, path, isObject }] of batch.entries()) {
      const value = found[index];
      if (value !== undefined) yield value;
      if (!isObject) yield* walkFolder(path, `${base}${segment}/`, '', visit);
    }
  }
}

interface Entry {
  readonly segment: string;
  readonly path: string;
  readonly isObject: boolean;
}

async function readEntries(folder: string, partial: string): Promise<Entry[]> {
  let names: string[];
  try {
    names = (await readdir(folder, { withFileTypes: true }))
      .filter((e) => e.isDirectory())
      .map((e) => e.name);
  } catch (error) {
    if (errno(error) === 'ENOENT' || errno(error) === 'ENOTDIR') return [];
    throw error;
  }
  const keyed: (Entry & { readonly order: Buffer })[] = [];
  for (const name of names) {
    const isObject = name.endsWith(objectSuffix);
    const encoded = isObject ? name.slice(0, -objectSuffix.length) : name;
    const path = join(folder, name);
    const segment = isShortened(encoded) ? await readName(path) : decodeSegment(encoded);
    if (segment === undefined || !segment.startsWith(partial)) continue;
    // A folder stands for keys that go on with `/`, which sorts after `-` and before `0`.
    keyed.push({ segment, path, isObject, order: Buffer.from(isObject ? segment : `${segment}/`) });
  }
  return keyed.sort((a, b) => Buffer.compare(a.order, b.order));
}

async function readName(folder: string): Promise<string | undefined> {
  try {
    return await readFile(join(folder, segmentNameFile), 'utf8');
  } catch (error) {
    // A crash between mkdir and the name file leaves a folder that holds nothing yet.
    if (errno(error) === 'ENOENT') return undefined;
    throw error;
  }
}
