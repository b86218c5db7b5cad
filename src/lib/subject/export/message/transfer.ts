/** The bytes of a body in `latin1`, as its transfer encoding has them (RFC 2045 §6). */
export function decodeBody(body: string, encoding: string): string {
  if (encoding === 'base64') return Buffer.from(body, 'base64').toString('latin1');
  if (encoding !== 'quoted-printable') return body;
  return body
    .replaceAll(/=[ \t]*\r?\n/g, '')
    .replaceAll(/=([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** A header's value, its encoded words decoded (RFC 2047), in `latin1` of whatever charset they are. */
export const decodeWords = (value: string): string =>
  value
    .replaceAll(/\?=[ \t]+(?==\?)/g, '?=')
    .replaceAll(/=\?[^\s?]{1,60}\?([bq])\?([^\s?]{0,9999})\?=/gi, (_, how: string, word: string) =>
      how.toLowerCase() === 'b'
        ? decodeBody(word, 'base64')
        : decodeBody(word.replaceAll('_', ' '), 'quoted-printable'),
    );

/** The beginning of a body up to a place of what it decodes to, with a text of ASCII behind it. */
export function cutBody(body: string, encoding: string, decodedAt: number, note: string): string {
  if (encoding === 'base64') {
    const kept = Buffer.from(body, 'base64').subarray(0, decodedAt);
    return Buffer.concat([kept, Buffer.from(note)])
      .toString('base64')
      .replaceAll(/.{76}(?=.)/g, '$&\r\n');
  }
  if (encoding !== 'quoted-printable') return `${body.slice(0, decodedAt)}${note}`;
  let decoded = 0;
  let at = 0;
  for (const token of body.matchAll(/=[ \t]*\r?\n|=[0-9A-Fa-f]{2}|[^]/g)) {
    if (decoded >= decodedAt) break;
    at = token.index + token[0].length;
    if (!/^=[ \t]*\r?\n$/.test(token[0])) decoded += 1;
  }
  return `${body.slice(0, at)}${note}`;
}
