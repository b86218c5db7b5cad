import { punycode } from './punycode.ts';

/**
 * The one spelling of a value of this kind that is hashed: docs/formats/name-hash.md. Only addresses lose their case:
 * two accounts may have ids that differ in nothing else.
 */
export function canonicalValue(kind: string, value: string): string {
  const text = value.replaceAll(/^[\t\n\v\f\r ]+|[\t\n\v\f\r ]+$/g, '').normalize('NFC');
  if (kind === 'email') return address(text);
  return kind === 'phone' ? digitsOf(text) : text;
}

function address(text: string): string {
  const lower = text.toLowerCase().normalize('NFC');
  const at = lower.lastIndexOf('@');
  if (at < 0) return lower;
  return lower.slice(0, at + 1) + asciiDomain(lower.slice(at + 1));
}

/** In ASCII, as RFC 5891 has it for names that may be registered; other ones are written the same way. */
function asciiDomain(domain: string): string {
  if (!/[^\0-\u007f]/.test(domain)) return domain;
  return domain
    .normalize('NFKC')
    .toLowerCase()
    .normalize('NFC')
    .replaceAll('\u3002', '.')
    .split('.')
    .map((label) => (/[^\0-\u007f]/.test(label) ? `xn--${punycode(label)}` : label))
    .join('.');
}

function digitsOf(text: string): string {
  const digits = text.replaceAll(/[^0-9]/g, '');
  return digits === '' ? text : digits;
}
