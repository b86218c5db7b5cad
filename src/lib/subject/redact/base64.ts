/**
 * Redacts what is encoded in base64 (RFC 4648) and encodes it again as it was: lines of the same length, the same
 * alphabet, padding or none.
 * @param text the whole value; what is no base64 is redacted as it is
 * @returns undefined where nothing in it changes
 */
export function inBase64(text: string, redact: (content: string) => string | undefined): string | undefined {
  const body = text.replaceAll(/[ \t\r\n]+/g, '');
  if (body === '' || !/^(?:[A-Za-z\d+/]*|[\w-]*)={0,2}$/.test(body)) return redact(text);
  const redacted = redact(Buffer.from(body, 'base64').toString('latin1'));
  return redacted === undefined ? undefined : encodedLike(text, body, redacted);
}

function encodedLike(text: string, body: string, content: string): string {
  const bytes = Buffer.from(content, 'latin1');
  const isUrl = /[_-]/.test(body);
  const isPadded = isUrl ? body.endsWith('=') : body.length % 4 === 0;
  let encoded = bytes.toString(isUrl ? 'base64url' : 'base64');
  if (isUrl && isPadded) encoded = encoded.padEnd(Math.ceil(encoded.length / 4) * 4, '=');
  if (!isPadded) encoded = encoded.replace(/=+$/, '');
  const [lead = ''] = /^\s*/.exec(text) ?? [];
  const [tail = ''] = /\s*$/.exec(text) ?? [];
  const inner = text.slice(lead.length, text.length - tail.length);
  const line = /^([^\s]+)(\s+)/.exec(inner);
  if (line === null) return lead + encoded + tail;
  const [, first = '', separator = ''] = line;
  const lines = encoded.match(new RegExp(`.{1,${first.length}}`, 'g')) ?? [];
  return lead + lines.join(separator) + tail;
}
