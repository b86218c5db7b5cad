import type { AddressSet } from './name-set.ts';
import { escapeAt, escapeBefore, softBreakAt, softBreakBefore, type Written } from './written-characters.ts';

/** Where in a text (latin1) an address stands that is one of the persons'. */
export interface FoundAddress {
  readonly from: number;
  readonly to: number;
  /** How its `@` is written: `@`, `%40`, `&#64;`. */
  readonly sign: string;
}

/** Each `@`, as it is or written in another way; `%2540` is one that was encoded twice. */
const signs = /@|%(?:25){0,3}40|=40|&#0{0,6}64;|&#x0{0,6}40;|&commat;|\\u0040/gi;
/** Of a domain, and of a local part: no less than RFC 5321 §4.5.3.1 allows. */
const mostOfDomain = 255;
const mostOfLocal = 128;

/**
 * Every address of the persons in a text, from left to right; none overlaps another. An address is taken as long as it
 * is written: where it only begins or ends as one of theirs does, it is not theirs. Takes time linear in the text.
 */
export function* foundAddresses(text: string, addresses: AddressSet): Generator<FoundAddress> {
  if (addresses.isEmpty) return;
  let last = 0;
  for (const { 0: sign, index } of text.matchAll(signs)) {
    for (const { name, end } of domainsAt(text, index + sign.length)) {
      const isTheirs = addresses.localsAt(name);
      if (isTheirs === undefined) continue;
      const start = localsBefore(text, index, last).find((local) => isTheirs(local.name))?.start;
      if (start === undefined) continue;
      yield { from: start, to: end, sign };
      last = end;
      break;
    }
  }
}

interface Candidate {
  readonly name: string;
}

/** What may be the domain behind an `@`, the longest first: as it is, escapes undone, and only what is ASCII. */
function domainsAt(text: string, at: number): readonly (Candidate & { readonly end: number })[] {
  const simple = asciiDomain(text, at);
  if (simple !== undefined) return simple;
  const plain = charactersFrom(text, at, 'plain');
  const last = text[at + plain.reduce((sum, { length }) => sum + length, 0)] ?? '';
  const runs = [
    ...('%=\\&'.includes(last) && last !== '' ? [charactersFrom(text, at, 'escaped')] : []),
    plain,
  ];
  return runs.flatMap((run) =>
    [run, run.slice(0, asciiLength(run))].flatMap((part) => trimmedDomain(part, at)),
  );
}

/** The same for nearly every domain: ASCII, and nothing behind it that could belong to it. */
function asciiDomain(
  text: string,
  at: number,
): readonly (Candidate & { readonly end: number })[] | undefined {
  let end = at;
  while (end < at + mostOfDomain && isAsciiDomain(text.charCodeAt(end))) end += 1;
  const behind = text.charCodeAt(end);
  if (behind >= 0x80 || '%=\\&'.includes(text[end] ?? '-')) return undefined;
  const odd = text.slice(at, end).search(/\.[.-]/);
  if (odd >= 0) end = at + odd;
  while (end > at && (text[end - 1] === '.' || text[end - 1] === '-')) end -= 1;
  return end === at ? [] : [{ name: text.slice(at, end), end }];
}

const isAsciiDomain = (code: number): boolean =>
  (code >= 0x61 && code <= 0x7a) ||
  (code >= 0x41 && code <= 0x5a) ||
  (code >= 0x30 && code <= 0x39) ||
  code === 0x2e ||
  code === 0x2d;

function charactersFrom(text: string, from: number, read: 'plain' | 'escaped'): readonly Written[] {
  const found: Written[] = [];
  for (let at = from; at < text.length && found.length < mostOfDomain; ) {
    const skipped = softBreakAt(text, at);
    const next: Written | undefined =
      skipped > 0
        ? { bytes: '', length: skipped }
        : ((read === 'escaped' ? escapeAt(text, at) : undefined) ?? { bytes: text[at] ?? '', length: 1 });
    if (skipped === 0 && !isDomain(next.bytes)) break;
    found.push(next);
    at += next.length;
  }
  return found;
}

const isDomain = (bytes: string): boolean => bytes !== '' && /^[a-z\d.\x80-\xff-]+$/i.test(bytes);

/** How many characters come before the first that is not ASCII, unless it is a letter as addresses have them. */
function asciiLength(run: readonly Written[]): number {
  const first = run.findIndex(({ bytes }) => bytes >= '\x80');
  if (first < 0) return run.length;
  const rest = run.slice(first, first + 4).map(({ bytes }) => bytes);
  const character = decoded(firstCharacter(rest.join('')));
  return isCased(character) ? run.length : first;
}

/** Ends before two full stops, and with a letter or a digit: the full stop of a sentence is no part of it. */
function trimmedDomain(run: readonly Written[], at: number): readonly { name: string; end: number }[] {
  let length = run.length;
  for (let index = 1; index < length; index += 1) {
    if (run[index - 1]?.bytes === '.' && '.-'.includes(run[index]?.bytes || '?')) length = index;
  }
  while (length > 0 && ['.', '-', ''].includes(run[length - 1]?.bytes ?? '')) length -= 1;
  if (length === 0) return [];
  const part = run.slice(0, length);
  return [
    {
      name: decoded(part.map(({ bytes }) => bytes).join('')),
      end: at + part.reduce((sum, one) => sum + one.length, 0),
    },
  ];
}

/**
 * What may be the local part before an `@`, the longest first: each begins where nothing stands before it that an address
 * goes on with.
 */
function localsBefore(text: string, end: number, from: number): readonly (Candidate & { start: number })[] {
  const quoted = quotedBefore(text, end, from);
  const found = (['plain', 'escaped'] as const).flatMap((read) => candidates(text, end, from, read));
  return [...quoted, ...found].toSorted((a, b) => a.start - b.start);
}

function candidates(
  text: string,
  end: number,
  from: number,
  read: 'plain' | 'escaped',
): readonly { name: string; start: number }[] {
  const found: { name: string; start: number }[] = [];
  let bytes = '';
  let at = end;
  for (let count = 0; at > from && count < mostOfLocal; count += 1) {
    const skipped = softBreakBefore(text, at);
    const next: Written =
      skipped > 0
        ? { bytes: '', length: skipped }
        : ((read === 'escaped' ? escapeBefore(text, at, from) : undefined) ?? {
            bytes: text[at - 1] ?? '',
            length: 1,
          });
    if (skipped === 0) {
      if (bytes !== '' && beginsBehind(text, at, from, next.bytes, bytes))
        found.push({ name: decoded(bytes), start: at });
      if (!isAtext(next.bytes)) return found;
      bytes = next.bytes + bytes;
    }
    at -= next.length;
  }
  if (bytes !== '' && at <= from) found.push({ name: decoded(bytes), start: at });
  return found;
}

/** RFC 5322 §3.2.3 with full stops, and what is not ASCII (RFC 6532). */
const isAtext = (bytes: string): boolean => bytes !== '' && /^[\w.!#$%&'*+/=?^`{|}~\x80-\xff-]+$/.test(bytes);

/** Whether a local part may begin behind these bytes. */
function beginsBehind(text: string, at: number, from: number, before: string, local: string): boolean {
  if (before >= '\x80') {
    // The middle of a character is no place to begin.
    if (isContinuation(local)) return false;
    const start = Math.max(from, at - 3);
    const last = before.length > 1 ? decoded(before) : decoded(lastCharacter(text.slice(start, at)));
    return !isCased(last.slice(-1));
  }
  if (before === '.') return !local.startsWith('.') && isOnlyDots(text, at, from);
  return !/^[\w.%+-]$/.test(before);
}

const isContinuation = (bytes: string): boolean => bytes >= '\x80' && bytes < '\xc0';

/** An ellipsis ends where a local part begins, which no full stop does. */
function isOnlyDots(text: string, at: number, from: number): boolean {
  let start = at;
  while (start > from && at - start < mostOfLocal && text[start - 1] === '.') start -= 1;
  return start === from || !isAtext(text[start - 1] ?? '');
}

/** The bytes of the first character of UTF-8; of another encoding, the first byte and what may belong to it. */
function firstCharacter(bytes: string): string {
  let end = 1;
  while (isContinuation(bytes[end] ?? '')) end += 1;
  return bytes.slice(0, end);
}

/** The bytes of the last character of UTF-8; of another encoding, the last byte. */
function lastCharacter(bytes: string): string {
  let start = bytes.length - 1;
  while (start > 0 && isContinuation(bytes[start] ?? '')) start -= 1;
  return bytes.slice(start);
}

/** Letters with capitals (Latin, Greek, Cyrillic) lengthen an address; scripts without spaces stand beside it. */
const isCased = (character: string): boolean => /[\p{Lu}\p{Ll}\p{Lt}\p{M}]/u.test(character);

/** UTF-8, or Latin-1 where it is none. */
function decoded(bytes: string): string {
  // oxlint-disable-next-line no-control-regex -- ASCII is what it tells apart.
  if (/^[\x00-\x7f]*$/.test(bytes)) return bytes;
  const text = Buffer.from(bytes, 'latin1').toString();
  return text.includes('\uFFFD') ? bytes : text;
}

/** `"ann smith"@example.org` (RFC 5322 §3.2.4): as it is written, and what it stands for. */
function quotedBefore(text: string, end: number, from: number): readonly { name: string; start: number }[] {
  if (text[end - 1] !== '"') return [];
  const window = text.slice(Math.max(from, end - mostOfLocal), end);
  const match = /"(?:[^"\\\r\n]|\\[^\r\n])*"$/.exec(window);
  if (match === null) return [];
  const start = end - match[0].length;
  const plain = match[0].slice(1, -1).replaceAll(/\\(.)/g, '$1');
  return [
    { name: decoded(match[0]), start },
    { name: decoded(plain), start },
  ];
}
