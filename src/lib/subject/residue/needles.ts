import { createHash } from 'node:crypto';
import { domainToASCII, domainToUnicode } from 'node:url';
import { writtenForms } from './written-forms.ts';

/** In which form something of a person was found. */
export const residueForms = [
  'text',
  'url-encoded',
  'quoted-printable',
  'entity',
  'escaped',
  'utf-16',
  'hex',
  'base64',
  'hash',
  'bounce',
  'halves',
  'name',
  'compressed',
] as const;

export type ResidueForm = (typeof residueForms)[number];

/** A form of a name that is looked for. */
export interface Needle {
  readonly bytes: Buffer;
  readonly form: ResidueForm;
  /**
   * How bytes are compared: `folded`, ASCII capitals as small letters; `exact`; `digest`, exact and any bytes at all,
   * which only a column of bytes can hold.
   */
  readonly compared: 'folded' | 'exact' | 'digest';
  /** Whether it counts only where it is no part of a longer word. */
  readonly isWord: boolean;
  /** Within an address for bounces, which goes on behind it; and before it, up to a `+` or a hyphen. */
  readonly isWrapped?: true;
  /** Of base64: how far into a group of four characters it begins, and the name in small letters. */
  readonly base64?: { readonly offset: number; readonly name: string };
}

/** Every form in which a name (an address, or what a person is called) may stand somewhere. */
export function needlesOf(name: string): readonly Needle[] {
  const spellings = [...new Set(spellingsOf(name.trim().normalize('NFC')))].filter((text) => text !== '');
  const found = spellings.flatMap((text) => [
    ...words(text),
    hexadecimal(text),
    ...inBase64(text),
    // A link or a page with an address in it, encoded as a whole; nobody writes those in capitals.
    ...(text.includes('@') && text !== text.toUpperCase()
      ? ['%40', '&#64;'].flatMap((at) => inBase64(text.replaceAll('@', at)))
      : []),
    ...hashes(text.toLowerCase()),
  ]);
  return unique(found);
}

/**
 * The forms in which a display name may stand somewhere, all told as `name`: it may be a namesake's.
 * @param name of several words
 */
export function displayNameNeedles(name: string): readonly Needle[] {
  const written = name.trim().normalize('NFC');
  const spellings = new Set(spellingsOf(written));
  const found = [...spellings].flatMap((text) => {
    const bytes = [Buffer.from(text), ...(/^[\0-\xff]+$/.test(text) ? [Buffer.from(text, 'latin1')] : [])];
    return [
      ...bytes.flatMap((some) => [
        word('name', some),
        // In a body, and in a header (RFC 2047).
        word('name', quotedBytes(some, ' ')),
        word('name', quotedBytes(some, '_')),
      ]),
      word('name', Buffer.from(text, 'utf16le')),
      // Programs that write JSON in ASCII alone.
      word('name', escaped(text)),
    ];
  });
  // In base64 as it was given alone: each further spelling takes as much memory as an address does.
  return unique([...found, ...inBase64(written)].map((needle) => ({ ...needle, form: 'name' })));
}

const escaped = (text: string): string =>
  text.replaceAll(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);

const unique = (needles: readonly Needle[]): readonly Needle[] => [
  ...new Map(
    needles.map((needle) => [`${needle.compared} ${needle.bytes.toString('hex')}`, needle]),
  ).values(),
];

/** As it was given, in small letters and in capitals, a domain in both of its forms, and Unicode taken apart. */
function spellingsOf(name: string): readonly string[] {
  const at = name.lastIndexOf('@');
  const [local, domain] = [name.slice(0, at + 1), name.slice(at + 1)];
  const whole =
    at < 0
      ? [name]
      : [domain, domainToASCII(domain), domainToUnicode(domain)]
          .filter((form) => form !== '')
          .map((form) => local + form);
  return whole.flatMap((text) => [text, text.toLowerCase(), text.toUpperCase(), text.normalize('NFD')]);
}

const word = (form: ResidueForm, written: string | Buffer): Needle => ({
  bytes: fold(Buffer.from(written as string)),
  form,
  compared: 'folded',
  isWord: true,
});

function words(text: string): readonly Needle[] {
  const at = (written: string) => text.replaceAll('@', written);
  return [
    word('text', text),
    ...writtenForms(text).map((written) => word(written.form, written.text)),
    ...(text.includes('@')
      ? [
          // The strings of an IMAP envelope (RFC 9051 §7.5.2).
          word('text', at('" "')),
          word('escaped', at(String.raw`\" \"`)),
          // A regular expression, and one in quotes, as in scripts and in JSON.
          ...regularExpressions(text).map((written) => word('escaped', written)),
          ...wrapped(text),
        ]
      : [word('quoted-printable', quotedWords(text))]),
    word('utf-16', Buffer.from(text, 'utf16le')),
  ];
}

/** Before full stops alone, or before every sign that means something to some library. */
const regularExpressions = (text: string): readonly string[] =>
  [/[.]/g, /[.+]/g, /[.+-]/g].flatMap((signs) =>
    ['\\', '\\\\'].map((escape) => text.replaceAll(signs, (sign) => escape + sign)),
  );

/** As addresses for bounces have it: VERP, that of Sympa, and SRS; also in a URL and in quoted-printable. */
function wrapped(text: string): readonly Needle[] {
  const sign = text.lastIndexOf('@');
  const [local, domain] = [text.slice(0, sign), text.slice(sign + 1)];
  return [
    `${local}=${domain}@`,
    `${local}=${domain}%40`,
    `${local}%3d${domain}%40`,
    `${local}=3d${domain}@`,
    `${local}==a==${domain}==`,
    `${domain}=${local}@`,
    `${domain}%3d${local}%40`,
  ].map((form) => ({
    bytes: fold(Buffer.from(form)),
    form: 'bounce',
    compared: 'folded',
    isWord: false,
    isWrapped: true,
  }));
}

/** As RFC 2047 writes words in a header: spaces as `_`, what is not ASCII as `=C3=BC`. */
const quotedWords = (text: string): string => quotedBytes(Buffer.from(text), '_');

/** Quoted-printable. */
function quotedBytes(bytes: Buffer, space: string): string {
  return [...bytes]
    .map((byte) => {
      if (byte === 0x20) return space;
      return byte < 0x80 ? String.fromCharCode(byte) : `=${byte.toString(16).padStart(2, '0')}`;
    })
    .join('');
}

const hexadecimal = (text: string): Needle => ({
  bytes: Buffer.from(Buffer.from(text).toString('hex')),
  form: 'hex',
  compared: 'folded',
  isWord: false,
});

function inBase64(text: string): readonly Needle[] {
  const bytes = Buffer.from(text);
  return [0, 1, 2].flatMap((shift): readonly Needle[] => {
    const encoded = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64');
    // The characters at both ends hold bits of the neighbours too.
    const first = Math.ceil((shift * 8) / 6);
    const core = encoded.slice(first, Math.floor(((shift + bytes.length) * 8) / 6));
    const common = {
      form: 'base64',
      compared: 'exact',
      isWord: false,
      base64: { offset: first % 4, name: text.toLowerCase() },
    } as const;
    const url = core.replaceAll('+', '-').replaceAll('/', '_');
    return core.length < 6
      ? []
      : [...new Set([core, url])].map((form) => ({ ...common, bytes: Buffer.from(form) }));
  });
}

/** So much of a hash tells it from every other: 96 bits. */
const hashBytes = 12;

/** Unsalted hashes of an address, as directories of pictures and lists of suppressed addresses have them. */
function hashes(text: string): readonly Needle[] {
  if (!text.includes('@')) return [];
  return ['md5', 'sha1', 'sha256'].flatMap((algorithm): readonly Needle[] => {
    const digest = createHash(algorithm).update(text).digest();
    const common = { form: 'hash', isWord: false } as const;
    const base64 = digest.toString('base64');
    return [
      { ...common, bytes: Buffer.from(digest.toString('hex', 0, hashBytes)), compared: 'folded' },
      { ...common, bytes: digest.subarray(0, hashBytes), compared: 'digest' },
      { ...common, bytes: Buffer.from(base64.slice(0, Math.floor((hashBytes * 8) / 6))), compared: 'exact' },
    ];
  });
}

/** ASCII capitals as small letters, in place. */
function fold(bytes: Buffer): Buffer {
  for (const [index, byte] of bytes.entries()) if (byte >= 0x41 && byte <= 0x5a) bytes[index] = byte + 0x20;
  return bytes;
}
