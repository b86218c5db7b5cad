import { createHash } from 'node:crypto';
import type { ObjectKeyPart } from '../../platform/map/index.ts';

/** How keys of a bucket are made, by the map. */
export interface KeyTemplate {
  readonly parts: readonly ObjectKeyPart[];
  /** Columns that say nothing of a person: numbers and hashes from them are shown. */
  readonly clear: ReadonlySet<string>;
}

/** What no template explains: a long number may be a telephone's, and a hash one of an address. */
const isPlain = (text: string): boolean =>
  /^\d{1,6}$|^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);
const isId = (text: string): boolean => /^[0-9a-f._:-]*$/i.test(text);

/**
 * An object key as it may be shown. Whoever named the object may have put an address into the key, so only what a
 * template of the map says itself, and numbers and hashes of columns that are no data of a person, stand there in
 * clear; the rest is `*`, and the beginning of the key's SHA-256 tells which one it is.
 * @param holdsName whether a name that is looked for stands in the key: then nothing of it is shown
 */
export function shownKey(
  key: string,
  templates: readonly KeyTemplate[],
  holdsName: 'holds-name' | 'no-name',
): string {
  if (holdsName === 'holds-name') return `*#${fingerprint(key)}`;
  for (const { parts, clear } of templates) {
    const values = matchTemplate(parts, key);
    if (values === undefined) continue;
    const shown = parts.map((part, index) => {
      if ('text' in part) return part.text;
      const value = values[index] ?? '';
      return clear.has(part.column) && isId(value) ? value : '*';
    });
    return marked(shown.join(''), key);
  }
  const masked = key.split(/([/.])/).map((part) => (/^[/.]?$/.test(part) || isPlain(part) ? part : '*'));
  return marked(masked.join(''), key);
}

const marked = (shown: string, key: string): string => (shown === key ? key : `${shown}#${fingerprint(key)}`);

/** The first eight digits of the SHA-256 of the key in UTF-8. */
function fingerprint(key: string): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 8);
}

/** The text of each part, in the template's order; undefined where the key is not of this template. */
function matchTemplate(parts: readonly ObjectKeyPart[], key: string): readonly string[] | undefined {
  const pattern = parts.map((part) => ('text' in part ? `(${escaped(part.text)})` : '(.+?)')).join('');
  return new RegExp(`^${pattern}$`, 's').exec(key)?.slice(1);
}

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
