/** Whether these bytes begin within a character of UTF-8. */
export const isContinuation = (bytes: string): boolean => bytes >= '\x80' && bytes < '\xc0';

/** The bytes of the first character of UTF-8; of another encoding, the first byte and what may belong to it. */
export function firstCharacter(bytes: string): string {
  let end = 1;
  while (isContinuation(bytes[end] ?? '')) end += 1;
  return bytes.slice(0, end);
}

/** The bytes of the last character of UTF-8; of another encoding, the last byte. */
export function lastCharacter(bytes: string): string {
  let start = bytes.length - 1;
  while (start > 0 && isContinuation(bytes[start] ?? '')) start -= 1;
  return bytes.slice(start);
}

/** Letters with capitals (Latin, Greek, Cyrillic) lengthen an address; scripts without spaces stand beside it. */
export const isCased = (character: string): boolean => /[\p{Lu}\p{Ll}\p{Lt}\p{M}]/u.test(character);

/** UTF-8, or Latin-1 where it is none. */
export function decodedBytes(bytes: string): string {
  // oxlint-disable-next-line no-control-regex -- ASCII is what it tells apart.
  if (/^[\x00-\x7f]*$/.test(bytes)) return bytes;
  const text = Buffer.from(bytes, 'latin1').toString();
  return text.includes('\uFFFD') ? bytes : text;
}
