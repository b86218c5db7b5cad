/** How sure one can be that what looks like an address is one: in text always, among random bytes only a long one. */
export type Surroundings = 'text' | 'bytes';

// What stands for @ in addresses that were written into a URL, a quoted-printable body, HTML, JSON or an IMAP envelope.
const sign = /@|%40|=40|&#64;|&#x40;|\\u0040|" \\{0,3}"/gi;

const localPart = /(?:[\p{L}\p{N}!#$%&'*+/=?^_`{|}~.-]{1,64}|"[^"\r\n]{1,64}")$/u;
const domain =
  /^(?:(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?\.){1,8}(?:xn--[a-z0-9-]{2,59}|\p{L}{2,63})|localhost\b|\[(?:IPv6:)?[0-9a-f.:]{3,45}\])/iu;
/** RFC 9051 §7.5.2: `("Ann" NIL "ann" "example.org")`; two words in quotation marks are none. */
const envelopeBefore = /(?:NIL|") \\{0,3}"[^"\\\s]{1,64}\\{0,3}$/i;
const envelopeAfter = /^[\p{L}\p{N}.-]{1,255}\\{0,3}"\)/u;
const strictLocalPart = /[A-Za-z0-9._+-]{2,64}$/;
const strictDomain = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,8}[a-z]{2,24}/;
/** The longest name of a domain; of a local part in quotes, and a little more. */
const [domainLength, localLength] = [260, 80];
/** Among random bytes a shorter one turns up by chance. */
const strictLength = 10;

/** Whether an e-mail address stands anywhere in the text. Takes time linear in its length. */
export function hasAddress(text: string, surroundings: Surroundings = 'text'): boolean {
  for (const { index, 0: found } of text.matchAll(sign)) {
    if (isAround(text, index, found, surroundings)) return true;
  }
  return false;
}

function isAround(text: string, index: number, found: string, surroundings: Surroundings): boolean {
  const before = text.slice(Math.max(0, index - localLength), index);
  const after = text.slice(index + found.length, index + found.length + domainLength);
  if (found.startsWith('"')) return envelopeBefore.test(before) && envelopeAfter.test(after);
  if (surroundings === 'text') return localPart.test(before) && domain.test(after);
  const local = strictLocalPart.exec(before)?.[0] ?? '';
  const name = found === '@' ? (strictDomain.exec(after)?.[0] ?? '') : '';
  return local !== '' && name !== '' && local.length + 1 + name.length >= strictLength;
}

/** `FilteringRule/ann@example.org`, `#private&ann@example.org`, `%%Value%%ann@example.org`, `SRS0=…=ann@…`: an address is a part of it. */
const isWrapped = (local: string): boolean => /[/&=#|]|%%/.test(local);

/** Whether the text is one address and nothing else, but for blanks around it. */
export function isAddress(text: string): boolean {
  const value = text.trim();
  const index = value.lastIndexOf('@');
  if (index < 1 || value.length > localLength + domainLength) return false;
  const [before, after] = [value.slice(0, index), value.slice(index + 1)];
  return !isWrapped(before) && localPart.exec(before)?.[0] === before && domain.exec(after)?.[0] === after;
}

/** Whether the text is one domain name and nothing else, but for blanks around it; never a single label. */
export function isDomain(text: string): boolean {
  const value = text.trim();
  return value.length <= domainLength && value.includes('.') && domain.exec(value)?.[0] === value;
}
