import PostalMime, { type Address } from 'postal-mime';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { withConnection } from '../../src/lib/base/postgres.ts';
import { messageAt, rawMessage } from '../../src/lib/sandbox/generate/message.ts';
import { createWorld } from '../../src/lib/sandbox/generate/world.ts';
import type { Identity } from '../../src/lib/subject/identity/identities.ts';
import { nameSet, redactor } from '../../src/lib/subject/redact/index.ts';
import { jsonNodes, nodesAt } from '../../src/lib/subject/redact/json-nodes.ts';
import { parseJsonPath } from '../../src/lib/subject/redact/json-path.ts';
import { fieldScanner, searchFor } from '../../src/lib/subject/residue/field-scanner.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';

const email: Identity = {
  name: 'contact.email',
  subject: 'contact',
  kind: 'email',
  normalise: ['trim', 'lower', 'nfc'],
  variants: ['plus-tag'],
};
const placeholder = 'erased@erased.invalid';
const without = (address: string) =>
  redactor(nameSet(new Map([['email', new Set([address])]]), new Map([[email.name, email]])), {
    placeholder,
    text: 'erased',
  });

/** The address as it is compared: postal-mime tells it as it is written. */
const plain = (address = '') => address.toLowerCase().replace(/\+[^@]*@/, '@');

test('another reader of mail finds the others, and everything else, where they were', {
  timeout: 60_000,
}, async () => {
  const world = createWorld(7, 20_000);
  let kinds = 0;
  for (let index = 0; index < 400; index += 1) {
    const message = messageAt(world, index * 17);
    const person = index % 2 === 0 ? message.sender.email : (message.to[0]?.email ?? '');
    const before = Buffer.from(rawMessage(message));
    const after = without(plain(person)).inside(before, 'rfc5322', email);
    expect(after).toBeDefined();
    const [old, now] = [await PostalMime.parse(before), await PostalMime.parse(after ?? '')];
    const expected = (list: readonly Address[] | undefined) =>
      list?.map((one) => (plain(one.address) === plain(person) ? { name: '', address: placeholder } : one));
    expect(now.to).toEqual(expected(old.to));
    expect(now.cc).toEqual(expected(old.cc));
    expect(now.from === undefined ? [] : [now.from]).toEqual(
      expected(old.from === undefined ? [] : [old.from]),
    );
    expect(now.headers.map(({ key }) => key)).toEqual(old.headers.map(({ key }) => key));
    expect(now.subject).toBe(old.subject);
    expect(now.messageId).toBe(old.messageId);
    const isChanged = (text = '') => text.toLowerCase().includes(plain(person));
    if (!isChanged(old.text)) expect(now.text).toBe(old.text);
    expect(now.attachments.map(({ content }) => content)).toEqual(
      old.attachments.map(({ content }) => content),
    );
    if (old.attachments.length > 0) kinds += 1;
    const scanner = fieldScanner(searchFor([plain(person)]));
    for (const byte of after ?? []) scanner.feed(byte);
    expect([...scanner.end()]).toEqual([]);
  }
  expect(kinds).toBeGreaterThan(0);
});

describe('a calendar that is kept apart from its header is one', () => {
  const calendar = (who: string) =>
    `BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nATTENDEE;CN="Müller, Ann":mailto:${who}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n`;
  const folded = calendar('ann@exam\r\n ple.org');
  const lines = (base64: string) => base64.replaceAll(/.{76}/g, '$&\r\n');
  const quoted = (text: string) =>
    [...Buffer.from(text)]
      .map((byte) =>
        byte === 0x3d || byte > 0x7e ? `=${byte.toString(16).toUpperCase()}` : String.fromCharCode(byte),
      )
      .join('')
      .replace('CN=3D', 'CN=3D=\r\n');
  test.each([
    ['as it is', folded, (text: string) => text],
    [
      'in base64',
      lines(Buffer.from(folded).toString('base64')),
      (text: string) => Buffer.from(text, 'base64').toString(),
    ],
    [
      'in base64 behind a byte order mark',
      lines(Buffer.from(`\u{feff}${folded}`).toString('base64')),
      (text: string) => Buffer.from(text, 'base64').toString(),
    ],
    ['in quoted-printable', quoted(folded), (text: string) => text],
  ])('%s', (_, stored, read) => {
    const after = without('ann@example.org').inside(Buffer.from(stored), 'rfc5322', email)?.toString() ?? '';
    const events = read(after).replaceAll(/\r\n[ \t]/g, '');
    expect(events).toContain(`ATTENDEE:mailto:${placeholder}\r\nEND:VEVENT`);
    expect(without('joann@example.org').inside(Buffer.from(stored), 'rfc5322', email)).toBeUndefined();
  });
});

describe('paths of JSON lead where PostgreSQL finds them', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await testDatabase();
  });
  afterAll(async () => {
    await database.drop();
  });

  test('in lax and strict mode', async () => {
    const documents = [
      '{"a": 1, "b": [1, {"a": 2}, [{"a": 3}]], "c": {"a": {"a": 4}}, "a b": "x", "ü": "y", "$": 5}',
      '[{"a": 1}, {"a": [1, 2, {"b": 3}]}, [4, 5], "s", null, true]',
      '[]',
      '{}',
      '"text"',
      '[[[1, 2], [3]], [[4]]]',
      '{"a": [{"b": [{"c": 1}, {"c": 2}]}, {"b": {"c": 3}}]}',
    ];
    const paths = [
      '$',
      '$.a',
      '$.b',
      '$.*',
      '$[*]',
      '$.**',
      '$.a.a',
      '$.b[*].a',
      '$[0]',
      '$[1]',
      '$[last]',
      '$[0 to 1]',
      '$[1 to last]',
      '$[0, 2]',
      '$."a b"',
      '$.ü',
      '$."\\u00fc"',
      '$.c.a.a',
      '$.**.a',
      '$.**[*]',
      '$.a[*].b[*].c',
      '$.a.b.c',
      '$[*][*]',
      '$.*.*',
      '$.**.**',
      'strict $',
      'lax $.a',
      '$[*].a',
      '$.a[0]',
      '$ . b [ 1 ] . a',
      '$."$"',
      '$[5]',
      '$.b[2 to 0]',
      '$.c.*',
      'strict $.**',
    ];
    const found = await withConnection({ url: database.url, role: 'test' }, async (client) => {
      const { rows } = await client.query<{ doc: number; path: number; values: string[] | null }>(
        `select d.n::int - 1 as doc, p.n::int - 1 as path,
           (select array_agg(v::text) from jsonb_path_query(d.doc::jsonb, p.path::jsonpath, silent => true) v) as values
         from unnest($1::text[]) with ordinality d(doc, n), unnest($2::text[]) with ordinality p(path, n)`,
        [documents, paths],
      );
      return rows;
    });
    const sorted = (_: string, value: unknown): unknown =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.fromEntries(Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1)))
        : value;
    const canonical = (text: string) => JSON.stringify(JSON.parse(text), sorted);
    for (const { doc, path, values } of found) {
      const text = documents[doc] ?? '';
      const own = nodesAt(jsonNodes(text), parseJsonPath(paths[path] ?? '')).map(({ from, to }) =>
        text.slice(from, to),
      );
      expect
        .soft([paths[path], text, [...new Set(own.map(canonical))].toSorted()])
        .toEqual([paths[path], text, [...new Set((values ?? []).map(canonical))].toSorted()]);
    }
    expect(found).toHaveLength(documents.length * paths.length);
  });
});

test('what PHP serialised keeps its lengths in base64 within a text, and inside of itself', () => {
  const string = (text: string) => `s:${Buffer.byteLength(text)}:"${text}";`;
  const value = (address: string) =>
    `cache=${Buffer.from(`a:1:{${string('to')}${string(`u|${string(`ä ${address}`)}`)}}`).toString('base64')};`;
  const redact = (text: string) =>
    without('ann@example.org').inside(Buffer.from(text), 'text', email)?.toString();
  expect(redact(value('ann@example.org'))).toBe(value(placeholder));
  expect(redact(value('joann@example.org'))).toBeUndefined();
});
