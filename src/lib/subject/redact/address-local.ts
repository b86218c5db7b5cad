import { decodedBytes, isCased, isContinuation, lastCharacter } from './characters.ts';
import { escapeBefore, softBreakBefore, type Written } from './written-characters.ts';

/** Twice what RFC 5321 §4.5.3.1.1 allows. */
const mostCharacters = 128;

/** What may be a local part, and where it begins. */
export interface Local {
  readonly name: string;
  readonly start: number;
}

/**
 * What may be the local part before an `@`, the longest first: each begins where nothing stands before it that an address
 * goes on with.
 */
export function localsBefore(text: string, end: number, from: number): readonly Local[] {
  const quoted = quotedBefore(text, end, from);
  const found = (['plain', 'escaped'] as const).flatMap((read) => candidates(text, end, from, read));
  return [...quoted, ...found].toSorted((a, b) => a.start - b.start);
}

function candidates(text: string, end: number, from: number, read: 'plain' | 'escaped'): readonly Local[] {
  const found: Local[] = [];
  let bytes = '';
  let at = end;
  for (let count = 0; at > from && count < mostCharacters; count += 1) {
    const skipped = softBreakBefore(text, at);
    if (skipped > 0) {
      at -= skipped;
      continue;
    }
    const plain: Written = { bytes: text[at - 1] ?? '', length: 1 };
    // An entity may be a letter of another address: o&#39;ann.
    const isRead = read === 'escaped' || plain.bytes === ';';
    const next = (isRead ? escapeBefore(text, at, from) : undefined) ?? plain;
    if (bytes !== '' && beginsBehind({ text, at, from, end }, next, bytes))
      found.push({ name: decodedBytes(bytes), start: at });
    if (!isAtext(next.bytes) || (read === 'plain' && next.length > 1)) return found;
    bytes = next.bytes + bytes;
    at -= next.length;
  }
  if (bytes !== '' && at <= from) found.push({ name: decodedBytes(bytes), start: at });
  return found;
}

/** RFC 5322 §3.2.3 with full stops, and what is not ASCII (RFC 6532). */
const isAtext = (bytes: string): boolean => bytes !== '' && /^[\w.!#$%&'*+/=?^`{|}~\x80-\xff-]+$/.test(bytes);

interface Place {
  readonly text: string;
  /** Where the local part would begin. */
  readonly at: number;
  readonly from: number;
  /** Where its `@` stands. */
  readonly end: number;
}

/** Whether a local part may begin behind these bytes. */
function beginsBehind({ text, at, from, end }: Place, written: Written, local: string): boolean {
  const { bytes: before, length } = written;
  if (before >= '\x80') {
    // The middle of a character is no place to begin.
    if (isContinuation(local)) return false;
    const last =
      length > 1 ? escapedCharacter(text, at, from) : lastCharacter(text.slice(Math.max(from, at - 3), at));
    return !isCased(decodedBytes(last).slice(-1));
  }
  if (before === ';' && accented.test(text.slice(Math.max(from, at - 9), at))) return false;
  if (before === '.') return !local.startsWith('.') && isOnlyDots(text, at, from);
  if (before === '-' || before === '+') return length === 1 && isOnlyDashes(text, at, from);
  // O'Brien is another than Brien; around a whole address, as in b'brien@example.org', it is a quotation mark.
  if (before === "'") {
    const start = at - length;
    const behind = escapeBefore(text, start, from)?.bytes ?? text[start - 1] ?? '';
    return start <= from || !/[\w\x80-\xff]$/.test(behind) || isQuotedBehind(text, end);
  }
  // One is part of an address that is routed (ann%example.org@relay.example), two separate fields.
  if (before === '%' && length === 1 && at - 2 >= from && text[at - 2] === '%') return true;
  return !/^[\w.%+-]$/.test(before);
}

/** A letter that HTML has a name for. */
const accented =
  /&(?:[A-Za-z](?:uml|acute|grave|circ|tilde|ring|cedil|slash|caron)|AElig|aelig|OElig|oelig|szlig|ETH|eth|THORN|thorn);$/;

/** The bytes of the character that ends here, each written in another way: `=C3=B6`. */
function escapedCharacter(text: string, end: number, from: number): string {
  let bytes = '';
  for (let at = end; bytes === '' || (isContinuation(bytes) && bytes.length < 4); ) {
    const one = escapeBefore(text, at, from);
    if (one === undefined || one.bytes < '\x80') break;
    bytes = one.bytes + bytes;
    at -= one.length;
  }
  return bytes;
}

/** Before an entry of a list, a line of a difference or a right that is denied; no local part begins with one. */
function isOnlyDashes(text: string, at: number, from: number): boolean {
  let start = at;
  while (start > from && at - start < mostCharacters && /[+-]/.test(text[start - 1] ?? '')) start -= 1;
  if (start === from) return true;
  return !/[\w.%'\x80-\xff]$/.test(escapeBefore(text, start, from)?.bytes ?? text[start - 1] ?? '');
}

const isQuotedBehind = (text: string, end: number): boolean =>
  /^(?:@|%40|=40|&#\w+;)[\w.\x80-\xff-]+'/.test(text.slice(end, end + 256));

/** An ellipsis ends where a local part begins, which no full stop does. */
function isOnlyDots(text: string, at: number, from: number): boolean {
  let start = at;
  while (start > from && at - start < mostCharacters && text[start - 1] === '.') start -= 1;
  return start === from || !isAtext(text[start - 1] ?? '');
}

/** `"ann smith"@example.org` (RFC 5322 §3.2.4): as it is written, and what it stands for. */
function quotedBefore(text: string, end: number, from: number): readonly Local[] {
  if (text[end - 1] !== '"') return [];
  const window = text.slice(Math.max(from, end - mostCharacters), end);
  const match = /"(?:[^"\\\r\n]|\\[^\r\n])*"$/.exec(window);
  if (match === null) return [];
  const start = end - match[0].length;
  const plain = match[0].slice(1, -1).replaceAll(/\\(.)/g, '$1');
  return [
    { name: decodedBytes(match[0]), start },
    { name: decodedBytes(plain), start },
  ];
}
