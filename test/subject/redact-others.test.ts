import { expect, test } from 'vitest';
import { mapModel, readDataMap } from '../../src/lib/platform/map/index.ts';
import { identitiesOf } from '../../src/lib/subject/identity/identities.ts';
import { nameSet, type Parser, redactor } from '../../src/lib/subject/redact/index.ts';

/** Addresses of others that end as the address of the person does, and stay. */
const { map } = await readDataMap(
  `version: 1
subjects: {person: {identities: {email: {normalise: [lower]}}}}
tables: {a.b: {primary_key: [id], ownership: exclusive, fields: {e: {type: text, category: user.contact.email, identity: person.email}}}}
`,
  'map.yaml',
);
const identities = identitiesOf(mapModel(map));
const [identity] = identities.values();
const names = nameSet(new Map([['email', new Set(['ann@example.org'])]]), identities);
const eraser = redactor(names, { placeholder: 'erased@erased.invalid', text: 'erased' });

function redact(text: string, parser: Parser = 'text'): string | undefined {
  if (identity === undefined) throw new TypeError('no identity');
  return eraser.inside(Buffer.from(text), parser, identity)?.toString();
}

test.each([
  '=C3=B6ann@example.org',
  '%C3%B6ann%40example.org',
  '%25C3%25B6ann%2540example.org',
  '=F6ann@example.org',
  '&ouml;ann@example.org',
  '&lt;&eacute;ann@example.org&gt;',
])('a letter that is written in another way belongs to the address of somebody else: %s', (text) => {
  expect(redact(text)).toBeUndefined();
});

test.each([
  ['=E5=9C=B0ann@example.org', '=E5=9C=B0erased@erased.invalid'],
  ['=E2=80=9Cann@example.org', '=E2=80=9Cerased@erased.invalid'],
  ['&nbsp;ann@example.org', '&nbsp;erased@erased.invalid'],
  ["%20'ann%40example%2Eorg'", "%20'erased%40erased.invalid'"],
  ["%20o'ann%40example%2Eorg'", undefined],
  ['&lt;ann@example.org&gt;', '&lt;erased@erased.invalid&gt;'],
])('a sign that is written in another way does not: %s', (text, expected) => {
  expect(redact(text)).toBe(expected);
});

test('two per cent signs separate fields, one is part of an address', () => {
  expect(redact('%%To%%ann@example.org%%Old%%jo%ann@example.org')).toBe(
    '%%To%%erased@erased.invalid%%Old%%jo%ann@example.org',
  );
});

test('a whole message in base64 is read as one, its parts decoded', () => {
  const inner = Buffer.from('<a href="https://z.example/?m=ann%40example.org">Ann</a>').toString('base64');
  const message = (to: string, part: string, who: string) =>
    `Received: from z.example\r\n by y.example; Mon\r\nTo: ${to}\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n${part}\r\n--b\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nto=20${who.replace('@', '=40')}\r\n--b--\r\n`;
  const encoded = (text: string) => Buffer.from(text).toString('base64').replace(/.{76}/g, '$&\n');
  const stored = encoded(message('"Ann Example" <ann@example.org>, jo@z.example', inner, 'ann@example.org'));
  for (const parser of ['base64', 'rfc5322'] as const) {
    const left = Buffer.from(redact(stored, parser) ?? '', 'base64').toString();
    expect(left, parser).toContain('To: <erased@erased.invalid>, jo@z.example');
    expect(left, parser).toContain('to erased@erased.invalid');
    const [, part = ''] = /base64\r\n\r\n([\s\S]*?)\r\n--b/.exec(left) ?? [];
    expect(Buffer.from(part, 'base64').toString(), parser).toContain('?m=erased%40erased.invalid');
  }
});

test('a line of base64 that begins within the address of somebody else leaves it', () => {
  for (const size of [57, 48]) {
    for (const [before, behind] of [
      ['jo', 'ann@example.org'],
      ['x', '-ann@example.org'],
    ] as const) {
      const text = `${'word '.repeat(20).slice(0, size - before.length)}${before}${behind} wrote, and so on and on and on and on and on`;
      const lines = Buffer.from(text)
        .toString('base64')
        .replace(new RegExp(`.{${(size / 3) * 4}}`, 'g'), '$&\n');
      for (const parser of ['text', 'base64', 'rfc5322'] as const) {
        expect(redact(lines, parser), `${parser} ${size}`).toBeUndefined();
        expect(redact(`Content\n${lines}\n`, parser), `${parser} ${size}`).toBeUndefined();
      }
    }
  }
});

test('lines of base64 that only stand below each other are read one by one', () => {
  const line = (text: string) => Buffer.from(text).toString('base64').replace(/=+$/, '');
  expect(redact([line('bob@example.org'), line('ann@example.org')].join('\n'))).toBe(
    [line('bob@example.org'), line('erased@erased.invalid')].join('\n'),
  );
});
