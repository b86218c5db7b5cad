import type { Rewrite } from './edits.ts';

/**
 * Redacts what is encoded in base64 (RFC 4648) and encodes it again as it was: lines of the same length, the same
 * alphabet, padding or none.
 * @param text the whole value; what is no base64 is redacted as it is
 * @returns undefined where nothing in it changes
 */
export function inBase64(text: string, redact: Rewrite): string | undefined {
  const body = text.replaceAll(/[ \t\r\n]/g, '');
  if (!isBase64(body)) return redact(text);
  const redacted = redact(Buffer.from(body, 'base64').toString('latin1'));
  return redacted === undefined ? undefined : inLinesOf(text, encodedAs(body, redacted));
}

/** In one of both alphabets. */
function isBase64(body: string): boolean {
  const digits = body.replace(/={1,2}$/, '');
  return digits !== '' && (!/[^A-Za-z\d+/]/.test(digits) || !/[^\w-]/.test(digits));
}

/** Bytes in the alphabet of this base64, padded as it is. */
export function encodedAs(body: string, bytes: string): string {
  const isUrl = /[_-]/.test(body);
  const isPadded = isUrl ? body.endsWith('=') : body.length % 4 === 0;
  const encoded = Buffer.from(bytes, 'latin1').toString(isUrl ? 'base64url' : 'base64');
  if (!isPadded) return encoded.replace(/={1,2}$/, '');
  return encoded.padEnd(Math.ceil(encoded.length / 4) * 4, '=');
}

/** In lines as long as the first of these, with the same white space around and between. */
export function inLinesOf(text: string, encoded: string): string {
  const lead = text.slice(0, text.length - text.trimStart().length);
  const inner = text.trim();
  const tail = text.slice(lead.length + inner.length);
  const length = inner.search(/[ \t\r\n]/);
  if (length < 0) return lead + encoded + tail;
  const [separator = ''] = /^[ \t\r\n]{1,100}/.exec(inner.slice(length, length + 100)) ?? [];
  const lines: string[] = [];
  for (let at = 0; at < encoded.length; at += length) lines.push(encoded.slice(at, at + length));
  return lead + lines.join(separator) + tail;
}
