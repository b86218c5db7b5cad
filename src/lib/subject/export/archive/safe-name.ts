import { sha256Hex } from '../../../crypto/sha256.ts';

/** Names that Windows gives to devices. */
const devices = /^(?:con|prn|aux|nul|com\d|lpt\d)$/i;

const longest = 100;

/** Of a name that a person gave, its end has the extension. */
const longestGiven = 500;

/**
 * One part of a path inside the archive, made of any text: letters, digits, `_` and `-`, and no name that a system
 * gives another meaning. Two texts never make one name, also where capitals do not count: a text that had to be
 * changed, or has capitals, brings `~` and ten digits of its SHA-256 with it.
 */
export function safeName(text: string): string {
  const plain = text
    .replaceAll(/[^A-Za-z0-9_-]+/g, '_')
    .replaceAll(/^[_-]+|[_-]+$/g, '')
    .slice(0, longest);
  const isSame = plain === text && plain !== '' && !devices.test(plain) && !/[A-Z]/.test(plain);
  return isSame ? plain : hashed(plain, text);
}

/** The name of a row by its key. Keys of one table have one number of columns. */
export function safeKey(key: readonly string[]): string {
  const text = key.join('-');
  const isPlain = key.length === 1 || key.every((part) => /^[a-z0-9_]+$/.test(part));
  const name = safeName(text);
  // Joined, `a-b` and `c` are what `a` and `b-c` are.
  return isPlain ? name : hashed(name.split('~')[0] ?? '', JSON.stringify(key));
}

const hashed = (plain: string, text: string): string => `${plain}~${sha256Hex(text).slice(0, 10)}`;

/** `mail.messages` */
export const safeLabel = (parts: readonly string[]): string => parts.map(safeName).join('.');

/**
 * The name of a file that belongs to a row, with the name that a person gave it as far as it is safe, and its
 * extension, by which programs know it.
 * @param key a safe name; it alone tells the file from others
 */
export function safeFileName(key: string, given: string | null, extension: string): string {
  const name = (given ?? '').slice(-longestGiven).split(/[/\\]/).at(-1) ?? '';
  const [, stem = '', own = ''] = /^(.*?)(\.[A-Za-z0-9]{1,8})?$/s.exec(name) ?? [];
  // Ü is U with a mark.
  const readable = stem
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .replaceAll(/[^A-Za-z0-9._-]+/g, '_')
    .replaceAll(/^[._-]+|[._-]+$/g, '')
    .slice(0, 60);
  const end = own === '' ? extension : own.toLowerCase();
  // A key that has a `-` itself is told by what no other name has.
  if (!/^[a-z0-9]+$/.test(key)) return `${key}~~${readable}${end}`;
  return `${key}${readable === '' ? '' : `-${readable}`}${end}`;
}
