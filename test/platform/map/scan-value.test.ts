import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sealColumnValue } from '../../../src/lib/crypto/column-value.ts';
import { isCoveredPath } from '../../../src/lib/platform/map/scan/covered-path.ts';
import { hasAddress, isAddress } from '../../../src/lib/platform/map/scan/value/address.ts';
import { arrayElements } from '../../../src/lib/platform/map/scan/value/array-elements.ts';
import { ProfileBuilder } from '../../../src/lib/platform/map/scan/value/column-profile.ts';
import { inspectValue } from '../../../src/lib/platform/map/scan/value/inspect-value.ts';
import { anyElement, jsonStrings } from '../../../src/lib/platform/map/scan/value/json-strings.ts';
import { formatOfText } from '../../../src/lib/platform/map/scan/value/text-format.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

describe('what counts as an address', () => {
  it.each([
    'ann@example.org',
    'ANN+news@EXAMPLE.ORG',
    "o'brien@sub.example.co.uk",
    '"quoted local"@example.org',
    'jörg@müller-post.example',
    '用户@例子.公司',
    'ann@xn--mller-kva.xn--p1ai',
    '  ann@example.org\n',
    'a@b.co',
    'root@localhost',
    'ann@[192.0.2.1]',
    'ann@[IPv6:2001:db8::1]',
  ])('%j is one, and nothing else', (text) => {
    expect(isAddress(text)).toBe(true);
    expect(hasAddress(text)).toBe(true);
  });

  it.each([
    'Ann <ann@example.org>',
    'mailto:ann@example.org?subject=x',
    'user=ann%40example.org&x=1',
    'ann=40example.org',
    'ann&#64;example.org',
    'FilteringRule/ann@example.org',
    '#private&ann@example.org',
    'SRS0=aB1c=T7=example.org=ann@forwarder.example',
    'see https://x.example/ann@example.org/inbox',
    `${'x'.repeat(100_000)} ann@example.org`,
    '("Mon, 2 Nov 2026 10:00:00 +0000" "Hi" (("Ann" NIL "ann" "example.org")) NIL NIL)',
    '(NIL "Hi" ((NIL NIL "ann" "münster.example")) NIL NIL)',
    String.raw`((\"Ann\" NIL \"ann\" \"example.org\"))`,
  ])('%.60j has one', (text) => {
    expect(hasAddress(text)).toBe(true);
    expect(isAddress(text)).toBe(false);
  });

  it.each([
    '',
    '@',
    'a@b',
    'ann@',
    '@example.org',
    'npm@1.2.3',
    'a @ b.org',
    'meet @ 5',
    '@media screen',
    'x@y.1',
    '50%40',
    '"ann" "example.org"',
    '("text" "plain" ("charset" "utf-8") NIL NIL "7bit" 12 1)',
    'INSERT INTO "mail" "example.org")',
  ])('%j has none', (text) => {
    expect(hasAddress(text)).toBe(false);
    expect(isAddress(text)).toBe(false);
  });

  it('takes time that grows with the text only', () => {
    const long = `${'a@'.repeat(200_000)}${'a.'.repeat(200_000)}`;
    const start = performance.now();
    hasAddress(long);
    inspectValue('text', long);
    expect(performance.now() - start).toBeLessThan(3000);
  });

  it('is seldom seen in random bytes', () => {
    let state = 1;
    const next = (): number => (state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0) >>> 16;
    const seen = Array.from({ length: 200 }, () =>
      inspectValue('bytes', Buffer.from(Uint8Array.from({ length: 20_000 }, () => next() & 0xff))),
    ).filter(({ sightings }) => sightings.length > 0);
    expect(seen).toEqual([]);
  });
});

describe('a value', () => {
  const form = (kind: Parameters<typeof inspectValue>[0], value: string | Buffer) =>
    inspectValue(kind, value).sightings.map((sighting) => sighting.form);

  it.each([
    ['whole', base64('ann@example.org')],
    [
      'wrapped as in MIME',
      base64(`${'x'.repeat(60)} ann@example.org ${'y'.repeat(60)}`).replaceAll(/(.{40})/g, '$1\r\n'),
    ],
    ['after a word without a blank', `blob:abcdefg${base64('to: ann@example.org and more')}`],
    ['in a data URL', `data:text/plain;base64,${base64('ann@example.org, hello')}`],
    ['of base64', base64(base64('to ann@example.org'))],
    ['of gzip', gzipSync('ann@example.org').toString('base64')],
    ['of UTF-16', Buffer.from('ann@example.org', 'utf16le').toString('base64')],
    ['of the URL alphabet', Buffer.from('ann@example.org?>?>').toString('base64url')],
  ])('has base64 %s', (_, text) => expect(form('text', text)).toEqual(['base64']));

  it.each(['\\x', '0x', ''])('has hexadecimal after %j', (prefix) => {
    expect(form('text', prefix + Buffer.from('ann@example.org').toString('hex'))).toEqual(['hex']);
  });

  it.each([
    ['UTF-8', Buffer.from('From: Jörg <ann@example.org>'), 'plain'],
    ['Latin-1', Buffer.from('From: J\u00f6rg <ann@example.org>', 'latin1'), 'plain'],
    [
      'a binary record',
      Buffer.concat([Buffer.from([0, 15]), Buffer.from('ann@example.org'), Buffer.from([255, 0])]),
      'plain',
    ],
    ['base64', Buffer.from(base64('to ann@example.org')), 'base64'],
    ['gzip', gzipSync('ann@example.org'), 'compressed'],
    ['gzip that was cut off', gzipSync(`ann@example.org ${'x '.repeat(20)}`).subarray(0, 40), 'compressed'],
    ['zlib', deflateSync('ann@example.org'), 'compressed'],
    ['zstd', zstdCompressSync('to ann@example.org '.repeat(50)), 'compressed'],
    ['UTF-16', Buffer.from('to ann@example.org', 'utf16le'), 'utf-16'],
    ['UTF-16, the other way round', Buffer.from('\ufeffann@example.org', 'utf16le').swap16(), 'utf-16'],
    [
      'UTF-16 after an odd byte',
      Buffer.concat([Buffer.from([255]), Buffer.from('ann@example.org', 'utf16le')]),
      'utf-16',
    ],
  ])('of bytes has %s', (_, bytes, wanted) => expect(form('bytes', bytes)).toEqual([wanted]));

  it('among other bytes has to be longer than what turns up by chance', () => {
    const among = (text: string): Buffer =>
      Buffer.concat([Buffer.from([255, 0]), Buffer.from(text), Buffer.from([0, 255])]);
    expect(form('bytes', among('xy@a.bc'))).toEqual([]);
    expect(form('bytes', among('x@example.org'))).toEqual([]);
    expect(form('bytes', among('xyz@exam.ple'))).toEqual(['plain']);
  });

  it('is encrypted when it begins as postern writes, in whatever form, and names its key', () => {
    const id = '01234567-89ab-4cde-8f01-23456789abcd';
    const place = { table: 't', column: 'c', primaryKey: ['1'], subject: '' };
    const sealed = sealColumnValue(
      Buffer.from('ann@example.org'),
      { id, dataKey: Buffer.alloc(32, 1) },
      place,
    );
    for (const [kind, value] of [
      ['bytes', sealed],
      ['text', sealed.toString('base64')],
      ['text', sealed.toString('hex')],
      ['bytes', Buffer.from(sealed.toString('base64'))],
    ] as const) {
      expect(inspectValue(kind, value)).toEqual({ sightings: [], isEncrypted: true, keyId: id });
    }
    expect(inspectValue('bytes', Buffer.from('PSTN'))).toEqual({ sightings: [], isEncrypted: true });
  });

  it.each([
    ['rfc5322', 'From: a@b.org\r\nTo: c@d.org\r\n\r\nhello'],
    ['rfc5322', 'Received: from x\r\n\tby y for <a@b.org>\r\nSubject: x\r\n'],
    ['rfc5322', 'From a@b.org Mon\r\nTo: c@d.org\r\nSubject: x\r\n'],
    ['vcard', 'BEGIN:VCARD\r\nEMAIL:a@b.org'],
    ['icalendar', 'BEGIN:VCALENDAR\r\nORGANIZER:mailto:a@b.org'],
    ['json', '{"a": "a@b.org"}'],
    ['html', 'hello <a href="mailto:a@b.org">'],
    ['address-list', 'a@b.org, "Li, Ann" <c@d.org>; e@f.org'],
    ['text', 'note: ask a@b.org'],
  ])('reads as %s', (wanted, text) => expect(formatOfText(text)).toBe(wanted));
});

describe('a JSON document', () => {
  const strings = (text: string) =>
    [...jsonStrings(text)].map(({ path, text: value, isKey }) => [path, value, isKey]);

  it('gives every string and key with its path', () => {
    expect(strings('{"a": [1, {"b\\u0040": "c"}], "d": null, "": "e"}')).toEqual([
      [[], 'a', true],
      [['a', anyElement], 'b@', true],
      [['a', anyElement, 'b@'], 'c', false],
      [[], 'd', true],
      [[], '', true],
      [[''], 'e', false],
    ]);
  });

  it('gives what came before where it was cut off', () => {
    expect(strings('{"a": "b", "c": ["ann@example')).toContainEqual([
      ['c', anyElement],
      'ann@example',
      false,
    ]);
  });

  it('agrees with JSON.parse on every document', () => {
    const leaves = (value: unknown, path: readonly unknown[] = []): readonly unknown[] =>
      typeof value === 'string'
        ? [[path, value]]
        : Array.isArray(value)
          ? value.flatMap((item) => leaves(item, [...path, anyElement]))
          : typeof value === 'object' && value !== null
            ? Object.entries(value).flatMap(([key, item]) => leaves(item, [...path, key]))
            : [];
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        const found = [...jsonStrings(JSON.stringify(value))].filter(({ isKey }) => !isKey);
        expect(found.map(({ path, text }) => [path, text])).toEqual(leaves(value));
      }),
    );
  });

  const pathsOf = (documents: readonly unknown[]): readonly string[] => {
    const builder = new ProfileBuilder('json');
    for (const document of documents) builder.add(JSON.stringify(document));
    return [...builder.profile().paths.keys()].sort();
  };

  it('prints keys that are names of fields, and a star for those that may be values', () => {
    const email = 'ann@example.org';
    expect(pathsOf([{ rcpt: [{ addr: email }] }])).toEqual(['$.rcpt[*].addr']);
    expect(pathsOf([{ annika: email }, { berta: email }])).toEqual(['$.*']);
    expect(pathsOf([{ 'x-spool': email }, { 'x-spool': email }])).toEqual(['$["x-spool"]']);
    expect(pathsOf([{ [email]: 1 }])).toEqual(['$']);
    const many = Object.fromEntries(
      Array.from({ length: 30 }, (_, index) => [`user${String.fromCodePoint(97 + index)}`, { email }]),
    );
    expect(pathsOf([many, many])).toEqual(['$.*.email']);
    expect(pathsOf([{ '4711815': email }, { '4711815': email }])).toEqual(['$.*']);
  });

  it.each([
    ['$.rcpt[*].addr', '$.rcpt[*].addr', true],
    ['$.rcpt', '$.rcpt[*].addr', true],
    ['$.rcpt[0].addr', '$.rcpt[*].addr', true],
    ['$["reply-to"]', '$["reply-to"]', true],
    ['$.*', '$.a.b', true],
    ['$.a', '$.*', true],
    ['$..addr', '$.x', true],
    ['$', '$.x', true],
    ['$.rcpt[*].addr', '$.rcpt[*].name', false],
    ['$.a.b', '$.a', false],
  ])('whose path %s is mapped has %s covered: %s', (mapped, found, wanted) => {
    expect(isCoveredPath(mapped, found)).toBe(wanted);
  });
});

describe('an array', () => {
  it.each([
    ['{a,"b,c","d\\"e",NULL,"NULL"}', ['a', 'b,c', 'd"e', 'NULL']],
    ['{{a,b},{c,d}}', ['a', 'b', 'c', 'd']],
    ['[0:1]={a,b}', ['a', 'b']],
    ['{}', []],
    ['{"cut of', ['cut of']],
  ])('%s has its elements', (text, wanted) => expect([...arrayElements(text)]).toEqual(wanted));
});

it('whatever a value is, looking into it does not throw', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('text', 'array', 'json', 'bytes'),
      fc.uint8Array({ maxLength: 400 }),
      (kind, bytes) => {
        inspectValue(kind, Buffer.from(bytes));
        inspectValue(kind, Buffer.from(bytes).toString('latin1'));
        inspectValue('bytes', Buffer.concat([gzipSync(bytes).subarray(0, bytes.length)]));
      },
    ),
  );
});
