import { isFileExtension } from '../identity/file-extension.ts';
import { decodedBytes, firstCharacter, isCased } from './characters.ts';
import { escapeAt, softBreakAt, type Written } from './written-characters.ts';

/** RFC 5321 §4.5.3.1.2. */
const mostCharacters = 255;

/** What may be a domain, in Unicode or ASCII, and where it ends. */
export interface Domain {
  readonly name: string;
  readonly end: number;
}

/** What may be the domain behind an `@`, the longest first: as it is, escapes undone, only what is ASCII, and without the ending of a file. */
export const domainsAt = (text: string, at: number): readonly Domain[] =>
  runsAt(text, at).flatMap((domain) => [domain, ...withoutEndings(domain, at)]);

/** `ann@example.org.mbox.gz` */
function withoutEndings({ name, end }: Domain, at: number): readonly Domain[] {
  const label = name.slice(name.lastIndexOf('.') + 1);
  // Where each character stands for itself, so that the end can be told.
  if (end - at !== Buffer.byteLength(name) || !isFileExtension(label.toLowerCase())) return [];
  const shorter = { name: name.slice(0, -label.length - 1), end: end - label.length - 1 };
  return shorter.name.includes('.') ? [shorter, ...withoutEndings(shorter, at)] : [];
}

function runsAt(text: string, at: number): readonly Domain[] {
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
function asciiDomain(text: string, at: number): readonly Domain[] | undefined {
  let end = at;
  while (end < at + mostCharacters && isAsciiDomain(text.charCodeAt(end))) end += 1;
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
  for (let at = from; at < text.length && found.length < mostCharacters; ) {
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
  const character = decodedBytes(firstCharacter(rest.join('')));
  return isCased(character) ? run.length : first;
}

/** Ends before two full stops, and with a letter or a digit: the full stop of a sentence is no part of it. */
function trimmedDomain(run: readonly Written[], at: number): readonly Domain[] {
  let length = run.length;
  for (let index = 1; index < length; index += 1) {
    if (run[index - 1]?.bytes === '.' && '.-'.includes(run[index]?.bytes || '?')) length = index;
  }
  while (length > 0 && ['.', '-', ''].includes(run[length - 1]?.bytes ?? '')) length -= 1;
  if (length === 0) return [];
  const part = run.slice(0, length);
  return [
    {
      name: decodedBytes(part.map(({ bytes }) => bytes).join('')),
      end: at + part.reduce((sum, one) => sum + one.length, 0),
    },
  ];
}
