import { type Edit, edited } from '../edits.ts';
import { type Replacing, replaced } from '../replacing.ts';

/** `=?utf-8?Q?Ann_=3Cann=40example.org=3E?=` (RFC 2047), and further ones with only white space between. */
const sequence =
  /=\?[^\s?]{1,60}\?[bq]\?[^\s?]{0,9999}\?=(?:[ \t\r\n]{1,99}=\?[^\s?]{1,60}\?[bq]\?[^\s?]{0,9999}\?=){0,999}/gi;
const word = /=\?([^\s?]{1,60})\?([bq])\?([^\s?]{0,9999})\?=/gi;
/** RFC 2047 §2. */
const longestWord = 75;

/** The persons' addresses in encoded words; words that hold none stay as they are. */
export function inEncodedWords(text: string, replacing: Replacing): string | undefined {
  if (!text.includes('=?')) return undefined;
  const edits: Edit[] = [];
  for (const { 0: words, index } of text.matchAll(sequence)) {
    const rewritten = inSequence(words, replacing);
    if (rewritten !== undefined) edits.push({ from: index, to: index + words.length, text: rewritten });
  }
  return edited(text, edits);
}

/** Words of one charset are one text: an address may begin in one and end in the next. */
function inSequence(words: string, replacing: Replacing): string | undefined {
  const found = [...words.matchAll(word)];
  const content = found.map(([, , encoding = '', encoded = '']) => decodedWord(encoding, encoded)).join('');
  const redacted = replaced(replacing, content);
  if (redacted === undefined) return undefined;
  const [, charset = '', encoding = ''] = found[0] ?? [];
  const separator = words.slice(found[0]?.[0].length ?? 0).match(/^[ \t\r\n]{1,99}/)?.[0] ?? ' ';
  return encodedAs(charset, encoding, redacted).join(separator);
}

function decodedWord(encoding: string, encoded: string): string {
  if (encoding.toLowerCase() === 'b') return Buffer.from(encoded, 'base64').toString('latin1');
  return encoded
    .replaceAll('_', ' ')
    .replaceAll(/=([\da-f]{2})/gi, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
}

/** No word ends within a character (RFC 2047 §5). */
function encodedAs(charset: string, encoding: string, content: string): readonly string[] {
  const frame = `=?${charset}?${encoding}?`;
  const room = Math.max(12, longestWord - frame.length - 2);
  const encode = encoding.toLowerCase() === 'b' ? base64 : quoted;
  const words: string[] = [];
  let chunk = '';
  for (const [character] of content.matchAll(/[\s\S][\x80-\xbf]{0,3}/g)) {
    if (chunk !== '' && encode(chunk + character).length > room) {
      words.push(`${frame}${encode(chunk)}?=`);
      chunk = '';
    }
    chunk += character;
  }
  return [...words, `${frame}${encode(chunk)}?=`];
}

const base64 = (bytes: string): string => Buffer.from(bytes, 'latin1').toString('base64');

const quoted = (bytes: string): string =>
  bytes.replaceAll(/[^A-Za-z\d!*+/-]/g, (byte) =>
    byte === ' ' ? '_' : `=${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
