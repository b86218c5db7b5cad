import type { KnownWords } from './known-words.ts';

/** What a part of a key is that differs from key to key. */
export type ValueKind = 'number' | 'uuid' | 'hash' | 'text';

/** A key taken apart: text that recurs, and values. */
export type KeyPart = { readonly text: string } | { readonly kind: ValueKind; readonly value: string };

const uuid = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
const typed = new RegExp(`${uuid}|(?<![0-9a-z])[0-9a-f]{16,}(?![0-9a-z])|\\d+`, 'gi');

/**
 * Takes a key apart. A segment between slashes is a value as a whole unless everything in it beside numbers, UUIDs and
 * hashes is a known word: what is not known may name somebody, and is never text.
 */
export function keyParts(key: string, words: KnownWords): readonly KeyPart[] {
  const segments = key.split('/');
  const parts = segments.flatMap((segment, index): readonly KeyPart[] => [
    ...(index === 0 ? [] : [{ text: '/' }]),
    ...(index === segments.length - 1 ? fileParts(segment, words) : segmentParts(segment, words)),
  ]);
  return joined(parts);
}

/** The last segment may have endings. */
function fileParts(name: string, words: KnownWords): readonly KeyPart[] {
  const [, stem = name, ending = ''] = /^(.+?)((?:\.[A-Za-z0-9]{1,5})+)$/s.exec(name) ?? [];
  const endings = ending.split('.').slice(1);
  // Of several endings, those that are known.
  const known = endings.length - endings.toReversed().findIndex((one) => !words.isEnding(one));
  const first = endings.every((one) => words.isEnding(one)) ? 0 : known;
  const behind = endings.slice(first);
  const before = [stem, ...endings.slice(0, first)].join('.');
  return [...segmentParts(before, words), ...(behind.length === 0 ? [] : [{ text: `.${behind.join('.')}` }])];
}

function segmentParts(segment: string, words: KnownWords): readonly KeyPart[] {
  if (segment === '') return [];
  const parts: KeyPart[] = [];
  let last = 0;
  for (const match of segment.matchAll(typed)) {
    const [value] = match;
    if (match.index > last) parts.push({ text: segment.slice(last, match.index) });
    parts.push({ kind: kindOf(value), value });
    last = match.index + value.length;
  }
  if (last < segment.length) parts.push({ text: segment.slice(last) });
  const isKnown = parts.every(
    (part) =>
      !('text' in part) || part.text.split(/[-_.=:]/).every((word) => word === '' || words.isWord(word)),
  );
  return isKnown ? parts : [{ kind: 'text', value: segment }];
}

function kindOf(value: string): ValueKind {
  if (value.includes('-')) return 'uuid';
  return /^\d{1,18}$/.test(value) ? 'number' : 'hash';
}

function joined(parts: readonly KeyPart[]): readonly KeyPart[] {
  const result: KeyPart[] = [];
  for (const part of parts) {
    const before = result.at(-1);
    if ('text' in part && before !== undefined && 'text' in before)
      result[result.length - 1] = { text: before.text + part.text };
    else result.push(part);
  }
  return result;
}

/** The form of a key: its text, and `<number>`, `<uuid>`, `<hash>`, `<text>` for what differs. */
export function formOf(parts: readonly KeyPart[]): string {
  return parts.map((part) => ('text' in part ? part.text : `<${part.kind}>`)).join('');
}
