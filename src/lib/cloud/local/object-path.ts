import { createHash } from 'node:crypto';
import { join } from 'node:path';

/** Ends the name of a folder that holds the versions of one object; a plain segment never contains it. */
export const objectSuffix = '@';

/** Holds the true text of a segment whose encoded name was too long for a file system. */
export const segmentNameFile = '.name';

const maxNameBytes = 200;
const shortenedMark = '%~';

/**
 * A key segment as a folder name under `versions/`: the same on a case-insensitive file system (`A` becomes `^a`),
 * never hidden, never over 255 bytes, and decodable unless it had to be shortened.
 */
export function encodeSegment(segment: string): string {
  const encoded = encodeText(segment);
  if (encoded.length <= maxNameBytes) return encoded === '' ? '%' : encoded;
  return `${encoded.slice(0, 120).replace(/[%^][0-9a-f]?$/, '')}${shortenedMark}${shortHash(segment)}`;
}

/** Whether the segment of this folder name stands in the folder's `.name` file. */
export function isShortened(name: string): boolean {
  return name.includes(shortenedMark);
}

/** The segment that `encodeSegment` made into this name, or undefined when it did not make it. */
export function decodeSegment(name: string): string | undefined {
  if (name === '%') return '';
  try {
    const segment = decodeURIComponent(
      name.replace(/\^([a-z])/g, (_, letter: string) => letter.toUpperCase()),
    );
    return encodeSegment(segment) === name ? segment : undefined;
  } catch {
    return undefined;
  }
}

/** Where the versions of a key are, and the folders on the way that need a `.name` file, outermost first. */
export function versionFolder(root: string, key: string): VersionFolder {
  const segments = key.split('/');
  const named: { folder: string; segment: string }[] = [];
  let folder = join(root, 'versions');
  segments.forEach((segment, index) => {
    const name = encodeSegment(segment);
    folder = join(folder, index === segments.length - 1 ? name + objectSuffix : name);
    if (name.includes(shortenedMark)) named.push({ folder, segment });
  });
  return { folder, named };
}

export interface VersionFolder {
  readonly folder: string;
  readonly named: readonly { readonly folder: string; readonly segment: string }[];
}

/** Where a person finds the newest bytes of a key: its own text as the path, but for what no file name can hold. */
export function viewPath(root: string, key: string): string {
  return join(root, 'objects', ...key.split('/').map(viewName));
}

function viewName(segment: string): string {
  const name = segment === '' ? '%' : segment.replace(/\p{Cc}/gu, (control) => percent(Buffer.from(control)));
  if (Buffer.byteLength(name) <= 250) return name;
  return `${Array.from(name).slice(0, 40).join('')}~${shortHash(segment)}`;
}

function encodeText(segment: string): string {
  const encoded = segment.replace(/[A-Z]|[^a-z0-9._+=,-]/gu, (character) =>
    /[A-Z]/.test(character) ? `^${character.toLowerCase()}` : percent(Buffer.from(character)),
  );
  return encoded.startsWith('.') ? `%2e${encoded.slice(1)}` : encoded;
}

function percent(bytes: Uint8Array): string {
  return [...bytes].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
}

function shortHash(segment: string): string {
  return createHash('sha256').update(segment).digest('hex').slice(0, 32);
}
