import { createHash, randomBytes } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Identity } from '../../src/lib/subject/identity/identities.ts';
import { nameSet, type Parser, redactor } from '../../src/lib/subject/redact/index.ts';
import { fieldScanner, searchFor } from '../../src/lib/subject/residue/field-scanner.ts';

const email: Identity = {
  name: 'contact.email',
  subject: 'contact',
  kind: 'email',
  normalise: ['trim', 'lower', 'nfc'],
  variants: ['plus-tag'],
};
const addresses = [
  'Ann@Example.org',
  'bob@münster.example',
  "o'neil@x.example",
  "zoë.o'b-r=d@example.net",
  'jo+shop@example.net',
];
const names = nameSet(new Map([['email', new Set(addresses)]]), new Map([[email.name, email]]));
const redact = redactor(names, { placeholder: 'erased@erased.invalid', text: 'erased' });
const search = searchFor(addresses);
const parsers = ['text', 'html', 'json', 'rfc5322', 'address-list', 'vcard', 'icalendar', 'base64'] as const;

function formsIn(content: Buffer): readonly string[] {
  const scanner = fieldScanner(search);
  for (const byte of content) scanner.feed(byte);
  return [...scanner.end()];
}

const inside = (content: Buffer, parser: Parser): Buffer => redact.inside(content, parser, email) ?? content;

const address = fc
  .tuple(
    fc.constantFrom(...addresses, 'bob@xn--mnster-3ya.example'),
    fc.constantFrom('as it is', 'small', 'large'),
  )
  .map(([text, how]) => (how === 'small' ? text.toLowerCase() : how === 'large' ? text.toUpperCase() : text));
const hashed = (algorithm: string, encoding: 'hex' | 'base64') => (text: string) =>
  createHash(algorithm).update(text.toLowerCase()).digest(encoding);
const signs = (write: (sign: string) => string) => (text: string) => text.replaceAll(/[^\w.-]/gu, write);
const forms: readonly ((text: string) => string)[] = [
  encodeURIComponent,
  (text) => encodeURIComponent(encodeURIComponent(text)),
  (text) => `mailto:${encodeURIComponent(text).replace('%40', '@')}`,
  (text) => new URLSearchParams({ to: text }).toString(),
  signs((sign) => (sign > '\x7f' ? Buffer.from(sign).toString('hex').replaceAll(/../g, '=$&') : sign)),
  signs((sign) => (sign > '\x7f' ? `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}` : sign)),
  signs((sign) => `\\u${sign.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`),
  signs((sign) => ({ "'": '&#039;', '&': '&amp;' })[sign] ?? sign),
  signs((sign) => (sign > '\x7f' ? `&#${sign.charCodeAt(0)};` : sign === "'" ? '&#x27;' : sign)),
  (text) => text.replaceAll(/[.+-]/g, String.raw`\$&`),
  // As pickle has it, in front of what comes next.
  (text) => `X${String.fromCharCode(Buffer.byteLength(text))}\0\0\0${text}qa.`,
  (text) => text,
  (text) => `<${text}>`,
  (text) => `<!--${text}-->`,
  (text) => `\n-${text}`,
  (text) => Buffer.from(`+${text}- `).toString('base64'),
  (text) => `/export/${text}.mbox.gz`,
  (text) => text.replace('@', '%40'),
  (text) => text.replace('@', '=40'),
  (text) => text.replace('@', '&#64;'),
  (text) => text.replace('@', '&#x40;'),
  (text) => text.replace('@', '&commat;'),
  (text) => text.replace('@', String.raw`\u0040`),
  (text) => `("Ann" NIL "${text.replace('@', '" "')}")`,
  (text) => JSON.stringify(`("Ann \\"A.\\" Lee" NIL "${text.replace('@', '" "')}")`),
  (text) => `${text.slice(0, 2)}=\r\n${text.slice(2)}`,
  (text) => Buffer.from(text, 'utf16le').toString('latin1'),
  (text) => Buffer.from(`to ${text} `).toString('hex'),
  (text) => Buffer.from(text).toString('base64'),
  (text) => Buffer.from(`to ${text}, and`).toString('base64url'),
  (text) => `https://x.example/b/${Buffer.from(text).toString('base64url')}/`,
  (text) => `unsubscribe_${Buffer.from(text).toString('base64')}`,
  (text) =>
    Buffer.from(`${'x '.repeat(60)}${text}`)
      .toString('base64')
      .replaceAll(/.{76}/g, '$&\r\n'),
  (text) => `data:text/plain;base64,${Buffer.from(` ${text}`).toString('base64')}`,
  ...['x', 'x/', 'xyz'].map(
    (before) => (text: string) => before + Buffer.from(` ${text} `).toString('base64'),
  ),
  // As filters and lists of banned addresses have it.
  (text) => `^${text.replaceAll('.', String.raw`\.`)}$`,
  (text) => `:regex "from" "^${text.replaceAll('.', String.raw`\\.`)}\\s"`,
  hashed('md5', 'hex'),
  (text) => `https://pictures.example/avatar/${hashed('md5', 'hex')(text)}?s=80`,
  hashed('sha1', 'base64'),
  hashed('sha256', 'hex'),
];

describe('of what was redacted nothing is found any more', () => {
  const around = fc.constantFrom(
    ' ',
    '\n',
    '\r\n',
    ', ',
    '"',
    '; ',
    '\u0000',
    ' joann@example.org ',
    ' é ',
    '<>',
    '\n\n',
    ': ',
    '\r\n\t',
    ' =?utf-8?q?a?= ',
    '(',
  );
  const piece = fc
    .tuple(address, fc.integer({ min: 0, max: forms.length - 1 }), around)
    .map(([text, form, behind]) => (forms[form]?.(text) ?? '') + behind);
  const content = fc.array(fc.oneof(piece, around), { maxLength: 8 }).map((pieces) => pieces.join(' '));

  test.each(parsers)('as %s', (parser) => {
    fc.assert(
      fc.property(content, (text) => {
        // Folding would make one word of two hashes.
        const isFolded = parser === 'vcard' || parser === 'icalendar';
        const before = Buffer.from(isFolded ? text.replaceAll(/\n[ \t]+/g, '\n') : text);
        const after = inside(before, parser);
        expect(formsIn(after)).toEqual([]);
        expect(inside(after, parser)).toEqual(after);
      }),
      { numRuns: 400 },
    );
  });
});

test.each([
  ['<!--bob@münster.example-->', '<!--erased@erased.invalid-->'],
  ['Denied:\n-ann@example.org', 'Denied:\n-erased@erased.invalid'],
  [
    String.raw`"was:\n-ann@example.org\n+bob@münster.example"`,
    String.raw`"was:\n-erased@erased.invalid\n+erased@erased.invalid"`,
  ],
  ['"-ann@example.org"=>"lr"', '"-erased@erased.invalid"=>"lr"'],
  ['x-ann@example.org x+ann@example.org é-ann@example.org', undefined],
  [
    'ann@example.org.eml, ANN@example.org.mbox.GZ',
    'erased@erased.invalid.eml, erased@erased.invalid.mbox.GZ',
  ],
  ['ann@example.org.emlx ann@example.org.zip.example ann@example.org.uk', undefined],
])('dashes around an address and the ending of a file are no part of it: %s', (text, expected) => {
  expect(redact.inside(Buffer.from(text), 'text', email)?.toString()).toBe(expected);
});

test('any bytes at all are taken as they are', () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc
      .string({ unit: fc.constantFrom(...'@<>",;:=?()[]\\\r\n\t .-+a%&#{}'.split('')), maxLength: 60 })
      .map((text) => Buffer.from(text)),
  );
  fc.assert(
    fc.property(bytes, fc.constantFrom(...parsers), (content, parser) => {
      expect(redact.inside(Buffer.from(content), parser, email)).toBeUndefined();
    }),
    { numRuns: 2000 },
  );
});

test('values of many megabytes', { timeout: 120_000 }, () => {
  const message = (address: string) =>
    [
      `To: <${address}>`,
      'Content-Type: multipart/mixed; boundary=b',
      '',
      '--b',
      'Content-Type: image/png',
      'Content-Transfer-Encoding: base64',
      '',
      randomBytes(15_000_000).toString('base64').replaceAll(/.{76}/g, '$&\r\n'),
      '--b--',
    ].join('\r\n');
  const content = message('ann@example.org');
  expect(inside(Buffer.from(content), 'rfc5322').toString()).toBe(
    content.replace('ann@example.org', 'erased@erased.invalid'),
  );
  const long = randomBytes(30_000_000).toString('base64');
  for (const parser of ['text', 'base64', 'icalendar', 'address-list'] as const) {
    expect(redact.inside(Buffer.from(long), parser, email)).toBeUndefined();
  }
});
