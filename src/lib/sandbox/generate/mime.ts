import { Buffer } from 'node:buffer';

/** One leaf of a MIME message. Text is encoded as its characters ask; everything else in base64. */
export interface MimePart {
  readonly contentType: string;
  readonly content: string | Buffer;
  readonly filename?: string;
}

export type HeaderField = readonly [name: string, value: string];

const crlf = '\r\n';
// oxlint-disable-next-line no-control-regex -- the whole of ASCII is what is meant
const nonAscii = /[^\x00-\x7f]/;

/** A header block: each field folded at 78 columns where it has spaces (RFC 5322 §2.2.3), ending in CRLF. */
export function headerBlock(fields: readonly HeaderField[]): string {
  let text = '';
  for (const [name, value] of fields) {
    const line = `${name}: ${value}`;
    text += (line.length <= 78 ? line : fold(line)) + crlf;
  }
  return text;
}

function fold(line: string): string {
  let text = '';
  let column = 0;
  for (const word of line.split(' ')) {
    const breaks = column > 0 && column + 1 + word.length > 78;
    text += breaks ? `${crlf} ${word}` : column === 0 ? word : ` ${word}`;
    column = breaks ? word.length + 1 : column + word.length + (column === 0 ? 0 : 1);
  }
  return text;
}

/** Unstructured text or a phrase, as RFC 2047 B-words of at most 75 characters where it is not ASCII. */
export function encodedText(text: string): string {
  if (!nonAscii.test(text)) return text;
  const words: string[] = [];
  let chunk = '';
  for (const character of text) {
    if (Buffer.byteLength(chunk + character) > 42) {
      words.push(chunk);
      chunk = '';
    }
    chunk += character;
  }
  words.push(chunk);
  return words.map((word) => `=?UTF-8?B?${Buffer.from(word).toString('base64')}?=`).join(' ');
}

/** `Name <address>`, the name quoted or encoded as it needs (RFC 5322 §3.4). */
export function mailboxText(name: string, address: string): string {
  if (nonAscii.test(name)) return `${encodedText(name)} <${address}>`;
  return /^[\w ]*$/.test(name) ? `${name} <${address}>` : `"${name}" <${address}>`;
}

const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const two = (value: number): string => (value < 10 ? `0${value}` : String(value));

/** `Tue, 30 Jun 2026 09:05:00 +0200` (RFC 5322 §3.3); `offset` in hours. */
export function dateText(time: number, offset: number): string {
  const date = new Date(time + offset * 3_600_000);
  const sign = offset < 0 ? '-' : '+';
  return (
    `${days[date.getUTCDay()]}, ${date.getUTCDate()} ${months[date.getUTCMonth()]} ${date.getUTCFullYear()} ` +
    `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())} ${sign}${two(Math.abs(offset))}00`
  );
}

/** Quoted-printable (RFC 2045 §6.7) of text whose lines end in CRLF. */
export function quotedPrintable(text: string): string {
  return text
    .split(crlf)
    .map((line) => softBreaks(escapeLine(line)))
    .join(crlf);
}

// oxlint-disable-next-line no-control-regex -- control characters are among what must be escaped
const needsEscape = /[=\x00-\x08\x0b-\x1f]|[^\x00-\x7e]|[ \t]$/;

function escapeLine(line: string): string {
  if (!needsEscape.test(line)) return line;
  // oxlint-disable-next-line no-control-regex -- control characters are among what must be escaped
  const escaped = line.replaceAll(/[=\x00-\x08\x0b-\x1f\x7f]|[^\x00-\x7f]+/gu, (found) =>
    [...Buffer.from(found)].map((byte) => `=${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  );
  return escaped.replace(/[ \t]$/, (end) => (end === ' ' ? '=20' : '=09'));
}

function softBreaks(line: string): string {
  let text = '';
  let rest = line;
  while (rest.length > 76) {
    let end = 75;
    // Never break inside an =XX.
    if (rest[end - 1] === '=') end -= 1;
    else if (rest[end - 2] === '=') end -= 2;
    text += `${rest.slice(0, end)}=${crlf}`;
    rest = rest.slice(end);
  }
  return text + rest;
}

/** Base64 in lines of 76 characters. */
function base64Lines(content: Buffer): string {
  return content.toString('base64').replaceAll(/.{76}(?=.)/g, `$&${crlf}`);
}

/** The headers that describe a part, and its body as it travels: ASCII only. */
export interface EncodedPart {
  readonly fields: readonly HeaderField[];
  readonly body: string;
}

export function encodePart({ contentType, content, filename }: MimePart): EncodedPart {
  const isPlain = typeof content === 'string' && !nonAscii.test(content);
  const encoding = isPlain ? '7bit' : typeof content === 'string' ? 'quoted-printable' : 'base64';
  const type = typeof content === 'string' ? `${contentType}; charset=utf-8` : contentType;
  const body = isPlain
    ? content
    : typeof content === 'string'
      ? quotedPrintable(content)
      : base64Lines(content);
  const fields: HeaderField[] = [
    ['Content-Type', type],
    ['Content-Transfer-Encoding', encoding],
  ];
  if (filename !== undefined)
    fields.push(['Content-Disposition', `attachment; ${filenameParameter(filename)}`]);
  return { fields, body };
}

/** `filename="…"`, or the extended form of RFC 2231 for other than ASCII. */
function filenameParameter(filename: string): string {
  return nonAscii.test(filename)
    ? `filename*=UTF-8''${encodeURIComponent(filename)}`
    : `filename="${filename}"`;
}

/** Several parts as one multipart body; `boundary` must not occur in any of them. */
export function multipart(
  subtype: 'mixed' | 'alternative',
  boundary: string,
  parts: readonly EncodedPart[],
): EncodedPart {
  let body = '';
  for (const part of parts)
    body += `--${boundary}${crlf}${headerBlock(part.fields)}${crlf}${part.body}${crlf}`;
  return {
    fields: [['Content-Type', `multipart/${subtype}; boundary="${boundary}"`]],
    body: `${body}--${boundary}--${crlf}`,
  };
}
