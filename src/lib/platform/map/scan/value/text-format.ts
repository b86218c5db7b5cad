import { hasAddress, isAddress } from './address.ts';

/** The formats of `parser` in the data map that a value's beginning gives away. */
export type TextFormat = 'rfc5322' | 'address-list' | 'vcard' | 'icalendar' | 'json' | 'html' | 'text';

const header = String.raw`[A-Za-z][A-Za-z0-9-]{0,60}:[ \t][^\r\n]*\r?\n`;
/** Two header fields, of which the first may be folded, or an mbox's line before them. */
const message = new RegExp(
  String.raw`^(?:From [^\r\n]*\r?\n)?${header}(?:[ \t][^\r\n]*\r?\n)*${header.replace(String.raw`\r?\n`, String.raw`(?:\r?\n|$)`)}`,
);

/** The format of a text that has an address in it and is not one itself. */
export function formatOfText(text: string): TextFormat {
  const start = text.slice(0, 20_000).trimStart();
  if (/^BEGIN:VCARD/i.test(start)) return 'vcard';
  if (/^BEGIN:VCALENDAR/i.test(start)) return 'icalendar';
  if (message.test(start)) return 'rfc5322';
  if (/^[[{]/.test(start) && /^(?:\[\s*["[{\d\]]|\{\s*["}])/.test(start)) return 'json';
  if (/<(?:html|head|body|div|p|a|br|table|span)\b[^>]*>/i.test(start)) return 'html';
  return isAddressList(text) ? 'address-list' : 'text';
}

/** `Ann <ann@example.org>, bob@example.org`. */
function isAddressList(text: string): boolean {
  if (text.length > 20_000) return false;
  const parts = text
    // A name in quotes may hold a comma.
    .replaceAll(/"[^"\r\n]{0,200}"(?=\s*<)/g, '')
    .split(/[,;\n]/)
    .map((part) => part.trim())
    .filter((part) => part !== '');
  return (
    parts.some((part) => hasAddress(part)) &&
    parts.every((part) => isAddress(part) || /^[^<>]{0,200}<[^<>\s]+>$/.test(part))
  );
}
