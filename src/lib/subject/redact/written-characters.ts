/**
 * Characters of a text as bytes (latin1), one after the other in either direction, also those that are written in
 * another way: `%2B` (`%252B`), `=2B` (quoted-printable), `\u002b`, `\+` (a regular expression; `\\+` in quotes), `&#43;`. A
 * soft line break of quoted-printable (`=` at the end of a line) is nothing at all.
 */
export interface Written {
  /** The bytes that it stands for (UTF-8); empty for a soft line break. */
  readonly bytes: string;
  /** How many characters of the text it takes. */
  readonly length: number;
}

const hex = '[0-9a-fA-F]';
const entityNames: Readonly<Record<string, string>> = {
  amp: '&',
  commat: '@',
  period: '.',
  plus: '+',
  lowbar: '_',
  hyphen: '-',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: '\u00A0',
};
const names = Object.keys(entityNames).join('|');
const softBreak = String.raw`=(?:\r\n|\n|\r)`;
const escape = String.raw`(?:=|%(?:25){0,3})(${hex}{2})|\\u(${hex}{4})|\\(?:\\{1,3}(?=[.@+-]))?([nrtbfv/"\\.@+-])|&#0{0,6}(\d{1,7});|&#[xX]0{0,6}(${hex}{1,6});|&(${names});`;
const forwards = new RegExp(`${softBreak}|${escape}`, 'y');
const backwards = new RegExp(`(?:${softBreak}|${escape})$`);
/** The longest escape: `&#0000001114111;`. */
const longest = 16;
const controls: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f', v: '\v' };

/** What is written in another way at this place; undefined where it is a plain character. */
export function escapeAt(text: string, at: number): Written | undefined {
  forwards.lastIndex = at;
  const match = forwards.exec(text);
  return match === null ? undefined : written(match);
}

/** The same for what ends before this place. @param from where the text is looked at from, at the earliest */
export function escapeBefore(text: string, end: number, from: number): Written | undefined {
  const match = backwards.exec(text.slice(Math.max(from, end - longest), end));
  return match === null ? undefined : written(match);
}

/** How long a soft line break at this place is; 0 for none. */
export function softBreakAt(text: string, at: number): number {
  if (text[at] !== '=') return 0;
  if (text[at + 1] === '\n') return 2;
  if (text[at + 1] !== '\r') return 0;
  return text[at + 2] === '\n' ? 3 : 2;
}

/** How long a soft line break is that ends before this place; 0 for none. */
export function softBreakBefore(text: string, end: number): number {
  const last = text[end - 1];
  if (last !== '\n' && last !== '\r') return 0;
  if (text[end - 2] === '=') return 2;
  return last === '\n' && text[end - 2] === '\r' && text[end - 3] === '=' ? 3 : 0;
}

function written([whole, byte, unit, control, decimal, hexadecimal, name]: RegExpExecArray): Written {
  const length = whole.length;
  if (byte !== undefined) return { bytes: String.fromCharCode(Number.parseInt(byte, 16)), length };
  if (control !== undefined) return { bytes: controls[control] ?? control, length };
  if (name !== undefined) return { bytes: utf8(entityNames[name] ?? ''), length };
  const code =
    unit !== undefined || hexadecimal !== undefined
      ? Number.parseInt(unit ?? hexadecimal ?? '', 16)
      : Number(decimal ?? Number.NaN);
  return { bytes: code <= 0x10_ff_ff ? utf8(String.fromCodePoint(code)) : '', length };
}

const utf8 = (text: string): string => Buffer.from(text).toString('latin1');
