import { sha256Hex } from '../../../crypto/sha256.ts';

/** Names that Windows gives to devices, whatever follows behind a dot. */
const devices = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i;

const longest = 100;

/**
 * One part of a path inside the archive, made of any text: letters, digits, `.`, `_` and `-`, no dot at its ends,
 * and no name that a system gives another meaning. Two texts never make one name, also where capitals do not count: a
 * text that had to be changed, or has capitals, brings ten digits of its SHA-256 with it.
 */
export function safeName(text: string): string {
  const plain = text.replaceAll(/[^A-Za-z0-9._-]+/g, '_').replaceAll(/^[._-]+|[._-]+$/g, '');
  const isSame = plain === text && plain.length <= longest && !devices.test(plain) && !/[A-Z]/.test(plain);
  return isSame && plain !== '' ? plain : `${plain.slice(0, longest)}~${sha256Hex(text).slice(0, 10)}`;
}

/**
 * A file name that a person gave, with its extension where a program would know the file by it.
 * @param key tells it from others of the same folder; a safe name
 */
export function safeFileName(key: string, given: string | null, extension: string): string {
  const name = (given ?? '').split(/[/\\]/).at(-1) ?? '';
  const [, stem = '', own = ''] = /^(.*?)(\.[A-Za-z0-9]{1,8})?$/s.exec(name) ?? [];
  const readable = stem
    .replaceAll(/[^A-Za-z0-9._-]+/g, '_')
    .replaceAll(/^[._-]+|[._-]+$/g, '')
    .slice(0, 60);
  return `${key}${readable === '' ? '' : `-${readable}`}${own === '' ? extension : own.toLowerCase()}`;
}
