import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Identity } from '../../src/lib/subject/identity/identities.ts';
import { type JsonRule, nameSet, type Parser, redactor } from '../../src/lib/subject/redact/index.ts';

const email: Identity = {
  name: 'contact.email',
  subject: 'contact',
  kind: 'email',
  normalise: ['trim', 'lower', 'nfc'],
  variants: ['plus-tag'],
};
const phone: Identity = {
  ...email,
  name: 'contact.phone',
  kind: 'phone',
  normalise: ['digits'],
  variants: [],
};
const exact: Identity = { ...email, name: 'account.email', normalise: [], variants: ['dots'] };
const identities = new Map([email, phone, exact].map((identity) => [identity.name, identity]));
const known = new Map([
  ['email', new Set(['Ann@Example.org', 'bob@münster.example', "o'neil@x.example", 'abe.smith@x.example'])],
  ['phone', new Set(['+49 (0) 251-77'])],
]);
const options = { placeholder: 'erased@erased.invalid', text: 'erased' };
const redact = redactor(nameSet(known, identities), options);

const inside = (content: string | Buffer, parser: Parser = 'text', identity = email): string | undefined =>
  redact.inside(Buffer.from(content as string), parser, identity)?.toString();

describe('an address is replaced', () => {
  test.each([
    ['ann@example.org', 'erased@erased.invalid'],
    ['to ANN@example.ORG.', 'to erased@erased.invalid.'],
    ['ann+news@example.org, x', 'erased@erased.invalid, x'],
    ['"Ann" <ann@example.org>', '"Ann" <erased@erased.invalid>'],
    ['"ann"@example.org', 'erased@erased.invalid'],
    ["'ann@example.org'", "'erased@erased.invalid'"],
    ['mailto:ann@example.org?subject=x', 'mailto:erased@erased.invalid?subject=x'],
    ['mailto:ann%2Bnews@example.org', 'mailto:erased@erased.invalid'],
    ['?to=ann%40example.org&x', '?to=erased%40erased.invalid&x'],
    ['?q=to%3Aann%40example.org%3E', '?q=to%3Aerased%40erased.invalid%3E'],
    ['ann%2540example.org', 'erased%2540erased.invalid'],
    ['=3Cann=40example.org=3E', '=3Cerased=40erased.invalid=3E'],
    ['ann@exam=\r\nple.org, then', 'erased@erased.invalid=\r\n, then'],
    ['an=\nn@example=2Eorg', 'erased@erased.invalid=\n'],
    ['ann&#64;example.org', 'erased&#64;erased.invalid'],
    ['ann&#x40;example.org&gt;', 'erased&#x40;erased.invalid&gt;'],
    ['&lt;ann&commat;example&#46;org&gt;', '&lt;erased&commat;erased.invalid&gt;'],
    [String.raw`"ann\u0040example.org\u003e"`, String.raw`"erased\u0040erased.invalid\u003e"`],
    [String.raw`"x\nann@example.org"`, String.raw`"x\nerased@erased.invalid"`],
    ['?user=abe.smith@x.example', '?user=erased@erased.invalid'],
    ["o'neil@x.example", 'erased@erased.invalid'],
    ['o&#39;neil@x.example', 'erased@erased.invalid'],
    ['&#39;ann@example.org&#39;', '&#39;erased@erased.invalid&#39;'],
    ['...ann@example.org...', '...erased@erased.invalid...'],
    ['a@b@ann@example.org@c', 'a@b@erased@erased.invalid@c'],
    ['bob@xn--mnster-3ya.example', 'erased@erased.invalid'],
    ['Bob@MÜNSTER.example', 'erased@erased.invalid'],
    ['bob@mu\u0308nster.example', 'erased@erased.invalid'],
    ['“ann@example.org”…', '“erased@erased.invalid”…'],
    ['地址ann@example.org是', '地址erased@erased.invalid是'],
    ['x\u0000ann@example.org\u0000', 'x\u0000erased@erased.invalid\u0000'],
    ['ann@example.org- and', 'erased@erased.invalid- and'],
    [
      '((("Ann (A.) Example" NIL "Ann+x" "example.org")("Joe" NIL "joann" "example.org")) NIL)',
      '(((NIL NIL "erased" "erased.invalid")("Joe" NIL "joann" "example.org")) NIL)',
    ],
    [
      '(("ann@example.org" NIL "ann" "example.org") ("ann@example.org" NIL "joe" "example.org"))',
      '((NIL NIL "erased" "erased.invalid") ("erased@erased.invalid" NIL "joe" "example.org"))',
    ],
    [
      'a:2:{s:2:"to";s:15:"ann@example.org";s:4:"näm";s:16:"ann%40example.org";}',
      'a:2:{s:2:"to";s:21:"erased@erased.invalid";s:4:"näm";s:16:"erased%40erased.invalid";}',
    ],
    [
      'x|s:38:"a:1:{i:0;s:20:"ä <ann@example.org>";}";user|s:3:"ann";',
      'x|s:44:"a:1:{i:0;s:26:"ä <erased@erased.invalid>";}";user|s:3:"ann";',
    ],
    ['s:9:"ann@example.org";', 's:9:"erased@erased.invalid";'],
    ['((NIL NIL "ann" "example.org"))', '((NIL NIL "erased" "erased.invalid"))'],
    [
      String.raw`{"envelope":"((\"Ann \\\"A\\\"\" NIL \"ann\" \"example.org\"))"}`,
      String.raw`{"envelope":"((NIL NIL \"erased\" \"erased.invalid\"))"}`,
    ],
  ])('%j', (content, expected) => {
    expect(inside(content)).toBe(expected);
    expect(inside(expected)).toBeUndefined();
  });

  test.each([
    'joann@example.org',
    'jo.ann@example.org',
    'jo+ann@example.org',
    'ann@example.org.uk',
    'ann@example.organic',
    'ann@example.org-mail.example',
    'ann@mail.example.org',
    'joann%40example.org',
    'jo%2Bann%40example.org',
    'öann@example.org',
    'ann@example.orgö',
    "o'ann@example.org",
    'o&#39;ann@example.org',
    'o&#x27;ann@example.org',
    'o&apos;ann&#64;example.org',
    'o%27ann%40example.org',
    'jo&#43;ann@example.org',
    'jo&plus;ann@example.org',
    'ann example.org',
    'ann" "example.org',
    '"x ann" "example.org"',
    '"jo" "ann" "example.org.uk"',
    'ann@',
    '@example.org',
    '"joe ann"@example.org',
    '',
    '@',
  ])('and another, or none, is not: %j', (content) => {
    for (const parser of [
      'text',
      'html',
      'json',
      'rfc5322',
      'address-list',
      'vcard',
      'icalendar',
      'base64',
    ] as const)
      expect(inside(content, parser)).toBeUndefined();
  });

  test.each([
    [
      '\x80\x04\x95\x13\0\0\0\0\0\0\0\x8c\x0fann@example.org\x94.',
      '\x80\x04\x95\x13\0\0\0\0\0\0\0\x8c\x0fe@erase.invalid\x94.',
    ],
    ['\x80\x02X\x0f\0\0\0ann@example.orgqa.', '\x80\x02X\x0f\0\0\0e@erase.invalidqa.'],
    ['\x0a\x1cfrom <ann@example.org> to joe2\x02hi', '\x0a\x1cfrom <e@erase.invalid> to joe2\x02hi'],
    [
      '\x80\x04\x8c$written by somebody, ann@example.orgq',
      '\x80\x04\x8c$written by somebody, e@erase.invalidq',
    ],
    ['\0\0\0\x0fann@example.orgz', '\0\0\0\x0fe@erase.invalidz'],
    ['\x02bounces+ann=example.org@l.example', '\x02bounces+erased=erased.invalid@l.example'],
    ['\x22bounces+ann=example.org@l.example', '\x22bounces+erased=erased.invalid@l.example'],
    ['\x12\x21bounces+ann=example.org@l.example2', '\x12\x21bounces+e=erase.invalid@l.example2'],
    ['\x0fann@example.org', '\x0fe@erase.invalid'],
    ['\x10ann@example.org', '\x10erased@erased.invalid'],
    ['\x0ejoe@example.organn@example.org', undefined],
  ])('and a string whose length stands before it keeps that length: %j', (content, expected) => {
    const redacted = redact.inside(Buffer.from(content, 'latin1'), 'text', email);
    expect(redacted?.toString('latin1')).toBe(expected);
  });

  test('as its identity compares: dots of Gmail, and no tags', () => {
    expect(inside('a.n.n@example.org ann+x@example.org', 'text', exact)).toBe(
      'erased@erased.invalid ann+x@example.org',
    );
  });

  test('between bytes that are no UTF-8', () => {
    const around = Buffer.from([0xff, 0xe4, 0x20, 0x80]);
    const content = Buffer.concat([around, Buffer.from(' ann@example.org '), around]);
    expect(redact.inside(content, 'text', email)).toEqual(
      Buffer.concat([around, Buffer.from(' erased@erased.invalid '), around]),
    );
  });

  test('inside base64, in lines as they were', () => {
    const encode = (text: string) => Buffer.from(text).toString('base64');
    expect(inside(encode('to ann@example.org'), 'base64')).toBe(encode('to erased@erased.invalid'));
    const long = (address: string) => encode(`${'x'.repeat(90)} ${address} ${'y'.repeat(90)}`);
    const lines = (text: string) => `${(text.match(/.{1,76}/g) ?? []).join('\r\n')}\r\n`;
    expect(inside(lines(long('ann@example.org')), 'base64')).toBe(lines(long('erased@erased.invalid')));
    const url = (text: string) => Buffer.from(text).toString('base64url');
    expect(inside(url('>>>??? ann@example.org'), 'base64')).toBe(url('>>>??? erased@erased.invalid'));
    expect(inside('no base64: ann@example.org', 'base64')).toBe('no base64: erased@erased.invalid');
  });
});

describe('whole values', () => {
  test('are compared as their identity says', () => {
    expect(redact.scalar(' ANN+tag@example.org', email)).toBe('erased@erased.invalid');
    expect(redact.scalar('+49025177', phone)).toBe('erased');
    expect(redact.scalar('ANN@example.org', exact)).toBeUndefined();
    expect(redact.scalar('joann@example.org', email)).toBeUndefined();
    expect(redact.scalar('', email)).toBeUndefined();
  });

  test('leave an array, and the others stay in it', () => {
    expect(redact.elements(['a@b.example', null, 'ann@example.org', 'ANN@example.org'], email)).toEqual([
      'a@b.example',
      null,
    ]);
    expect(redact.elements(['ann@example.org'], email)).toEqual([]);
    expect(redact.elements(['a@b.example', null], email)).toBeUndefined();
  });
});

describe('a JSON document', () => {
  const json = (text: string, ...rules: readonly JsonRule[]) => redact.json(text, rules);
  const node = (path: string): JsonRule => ({ path, identity: email, erase: 'node' });

  test.each([
    [
      '{"rcpt": [{"addr": "ann@example.org", "n": 1}, {"addr": "c@d.example"}]}',
      '$.rcpt[*].addr',
      '{"rcpt": [{"n": 1}, {"addr": "c@d.example"}]}',
    ],
    ['{"n": 1, "addr": "ann@example.org"}', '$.addr', '{"n": 1}'],
    ['{"addr": "ann@example.org"}', '$.addr', '{}'],
    ['["ann@example.org", "c", "Ann@example.org" , "d"]', '$[*]', '["c" , "d"]'],
    ['["c", "ann@example.org", "ann@example.org"]', '$[*]', '["c"]'],
    ['["ann@example.org", "ann@example.org", "c"]', '$[1 to last]', '["ann@example.org", "c"]'],
    ['{"a": {"b": ["ann\\u0040example.org"], "c": "ann@example.org"}}', '$.**', '{"a": {"b": []}}'],
    ['{"a": [{"b": "ann@example.org"}]}', '$.a.b', '{"a": [{}]}'],
    ['{"a b": "ann@example.org", "": 1}', '$."a b"', '{"": 1}'],
    [
      '{"a": "ann@example.org", "a": "c", "n": 12345678901234567890.10}',
      '$.a',
      '{"a": "c", "n": 12345678901234567890.10}',
    ],
    ['"ann@example.org"', '$', 'null'],
  ])('%s without %s', (text, path, expected) => {
    expect(json(text, node(path))).toBe(expected);
    expect(json(expected, node(path))).toBeUndefined();
  });

  test('keeps what is not theirs, and strict paths find no more than they say', () => {
    expect(json('{"addr": "c@d.example", "b": null}', node('$.*'))).toBeUndefined();
    expect(json('[{"b": "ann@example.org"}]', node('strict $.b'))).toBeUndefined();
    expect(json('{"a": "see ann@example.org"}', node('$.a'))).toBeUndefined();
  });

  test('gets null, a text, a placeholder, another text, or a text without the address', () => {
    const document = '{"a": "ann@example.org", "n": 4, "t": "é \\u00e9 to ann@example.org"}';
    expect(json(document, { path: '$.a', identity: email, erase: 'null' })).toBe(
      '{"a": null, "n": 4, "t": "é \\u00e9 to ann@example.org"}',
    );
    expect(
      json(
        document,
        { path: '$.a', identity: email, erase: 'value' },
        { path: '$.n', erase: 'value' },
        { path: '$.t', identity: email, erase: { inside: 'text' } },
      ),
    ).toBe('{"a": "erased@erased.invalid", "n": 0, "t": "é \\u00e9 to erased@erased.invalid"}');
    expect(
      json(
        document,
        { path: '$.a', erase: { by: (value) => `${value.length}` } },
        { path: '$.n', erase: { text: '"' } },
      ),
    ).toBe('{"a": "15", "n": "\\"", "t": "é \\u00e9 to ann@example.org"}');
  });

  test('of any depth', () => {
    const deep = (inner: string) => `${'['.repeat(50_000)}${inner}${']'.repeat(50_000)}`;
    expect(json(deep('"ann@example.org"'), node('$.**'))).toBe(deep(''));
  });

  test.each(['$.a ? (@ == 1)', '$.a.size()', 'a.b', '$[', '$.a + 1', '$.', ''])('has no path %j', (path) => {
    expect(() => json('{}', node(path))).toThrow(expect.objectContaining({ code: 'json-path-unsupported' }));
  });

  test('that is none is refused, and not quoted', () => {
    expect(() => json('{"ann@example.org', node('$'))).toThrow(/^a document that should be JSON is none$/);
  });
});

describe('a thousand persons, and a megabyte against the grain', () => {
  const many = redactor(
    nameSet(
      new Map([['email', new Set(Array.from({ length: 1000 }, (_, n) => `p${n}@x.example`))]]),
      identities,
    ),
    options,
  );
  test.each([
    'a@',
    '<',
    '@',
    '%40',
    '=40',
    '=\n',
    '/',
    "'",
    '"',
    '&#64;',
    '\\',
    '.',
    'p@x.example ',
    'p.@x.example',
    `${'/'.repeat(300)}@x.example`,
    `"${'\\"'.repeat(200)}@x.example`,
    '(',
    '=?utf-8?q?',
    '=?',
    'A: ',
    '\n ',
    '--a\n',
    ',',
    ';',
    ':',
  ])('%j', { timeout: 60_000 }, (piece) => {
    const content = Buffer.from(piece.repeat(Math.ceil(1_000_000 / piece.length)));
    for (const parser of ['text', 'rfc5322', 'address-list', 'vcard', 'icalendar', 'base64'] as const) {
      const start = performance.now();
      expect(many.inside(content, parser, email)).toBeUndefined();
      expect(performance.now() - start).toBeLessThan(10_000);
    }
  });
});

test('every other byte stays', () => {
  const piece = fc.constantFrom(
    'x',
    ' ',
    '@',
    '.',
    '=',
    '%',
    '\r\n',
    '<',
    '"',
    '\u0000',
    'é',
    'joann@example.org',
    '=\n ',
  );
  const other = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''));
  fc.assert(
    fc.property(fc.array(other, { minLength: 1, maxLength: 6 }), (parts) => {
      const content = parts.join(' ann@example.org ');
      const without = (text: string) =>
        text.replaceAll(/(?<= )ann@example.org(?= )/g, 'erased@erased.invalid');
      expect(inside(content) ?? content).toBe(without(content));
    }),
  );
});
