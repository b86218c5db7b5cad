import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { withConnection } from '../../src/lib/base/postgres.ts';
import { openPlatform } from '../../src/lib/platform/connection.ts';
import { automaton } from '../../src/lib/subject/residue/automaton.ts';
import { copyScanner } from '../../src/lib/subject/residue/copy-scanner.ts';
import { fieldScanner, searchFor } from '../../src/lib/subject/residue/field-scanner.ts';
import { scanDatabase } from '../../src/lib/subject/residue/index.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';

function formsIn(
  content: string | Buffer,
  names: readonly string[] = ['Ann@Example.org'],
): readonly string[] {
  const scanner = fieldScanner(searchFor(names));
  for (const byte of Buffer.from(content as string)) scanner.feed(byte);
  return [...scanner.end()];
}

const base64 = (text: string) => Buffer.from(text).toString('base64');
const hash = (algorithm: string) => createHash(algorithm).update('ann@example.org').digest();

describe('a name is found', () => {
  test.each([
    ['ANN@example.ORG', 'text'],
    ['"Ann" <ann@example.org>', 'text'],
    ['write to ann@example.org.', 'text'],
    ['{"a":"x\\nann@example.org"}', 'text'],
    ['q=%3Cann@example.org', 'text'],
    ['/export/ann@example.org.mbox.gz', 'text'],
    ['Denied:\n-ann@example.org lr', 'text'],
    ['<!--ann@example.org-->', 'text'],
    [`\n${'-'.repeat(300)}ann@example.org`, 'text'],
    [base64('\n+ann@example.org--'), 'base64'],
    [Buffer.from('(-ann@example.org- )').toString('hex'), 'hex'],
    ['/export/ann@example.org.zip, and more', 'text'],
    [base64('ann@example.org.eml'), 'base64'],
    ['\\u003cann@example.org\\u003e', 'text'],
    ['?to=ann%40example.org&x', 'url-encoded'],
    ['?q=to%3Aann%40example.org', 'url-encoded'],
    ['=?utf-8?Q?Ann_=3Cann=40example.org=3E?=', 'quoted-printable'],
    ['a line that ends within ann@exam=\r\nple.org', 'text'],
    ['ann&#64;example.org', 'entity'],
    ['ann&#x40;example.org', 'entity'],
    ['"ann\\u0040example.org"', 'escaped'],
    ['"ann\\u0040example.org\\u003e"', 'escaped'],
    [String.raw`^ann@example\.org\b`, 'escaped'],
    [String.raw`ann@example\.org\.`, 'escaped'],
    [String.raw`"ann@example\\.org\\"`, 'escaped'],
    [Buffer.from('to ann@example.org', 'utf16le'), 'utf-16'],
    [Buffer.from('x ann@example.org').toString('hex'), 'hex'],
    [base64('ann@example.org'), 'base64'],
    [`data:text/plain;base64,${base64('<ann@example.org>')}`, 'base64'],
    [base64('To: ann@example.org, and more'), 'base64'],
    [base64('To:ann@example.org'), 'base64'],
    [base64('To:  Ann@Example.org\r\n').replaceAll(/.{10}/g, '$&\r\n'), 'base64'],
    [Buffer.from('>> ann@example.org <<').toString('base64url'), 'base64'],
    [hash('md5').toString('hex').toUpperCase(), 'hash'],
    [hash('sha1').toString('base64'), 'hash'],
    // Strings whose length stands before them, with the next value behind: pickle, Protocol Buffers.
    ['X\x0f\0\0\0ann@example.orgqa.', 'text'],
    ['\x0a\x0fann@example.org2\x02hi', 'text'],
    ['\0\0\0\x0fann@example.orgz', 'text'],
    [hash('sha256'), 'hash'],
  ])('in %j: %s', (content, form) => {
    expect(formsIn(content)).toContain(form);
  });

  test.each([
    'joann@example.org',
    'x-ann@example.org',
    'ann@example.org.uk',
    'ann@example.organic',
    'ann@example.org.emlx',
    'ann@example.org.zip.example',
    'ann@example.org.zip-store.example',
    base64('ann@example.org.uk'),
    'ann@example.org-mail.example',
    'x--ann@example.org--mail.example',
    'x+ann@example.org',
    Buffer.from('x-ann@example.org').toString('hex'),
    base64('ann@example.org--mail.example'),
    base64('joann@example.org'),
    base64('to: ann@example.organic'),
    'ann@example org',
    'ann%40example.organic',
    String.raw`ann@example\.org\.uk`,
    String.raw`"^ann@example\\.org\\.uk"`,
  ])('and another that only begins or ends as it does is not: %s', (content) => {
    expect(formsIn(content)).toEqual([]);
  });

  test('beside others, in one pass, and words with their accents in each form', () => {
    const names = [
      'zoë brandt',
      'bob@münster.example',
      ...Array.from({ length: 500 }, (_, n) => `p${n}@x.example`),
    ];
    expect(formsIn('ZOË  zoë brandt', names)).toEqual(['text']);
    expect(formsIn('Zoe\u0308 Brandt', ['Zoë Brandt'])).toEqual(['text']);
    expect(formsIn('=?utf-8?q?zo=C3=AB_brandt?=', names)).toEqual(['quoted-printable']);
    expect(formsIn('bob@xn--mnster-3ya.example', names)).toEqual(['text']);
    expect(formsIn('p499@x.example', names)).toEqual(['text']);
    expect(formsIn('p4999@x.example', names)).toEqual([]);
  });

  test.each([
    ['jo+shop@example.net', '?email=jo%2Bshop%40example.net&x', 'url-encoded'],
    ['jo+shop@example.net', 'mailto:jo%2bshop@example.net', 'url-encoded'],
    ['jo+shop@example.net', '?next=%3Femail%3Djo%252Bshop%2540example.net', 'url-encoded'],
    ['jo+shop@example.net', String.raw`"jo\u002Bshop@example.net"`, 'escaped'],
    ['jo+shop@example.net', String.raw`^jo\+shop@example\.net$`, 'escaped'],
    ["o'neil@example.ie", '?to=o%27neil%40example.ie', 'url-encoded'],
    ["o'neil@example.ie", "?to=o'neil%40example.ie", 'url-encoded'],
    ["o'neil@example.ie", '<b>o&#039;neil@example.ie</b>', 'entity'],
    ["o'neil@example.ie", '<b>o&#x27;neil@example.ie</b>', 'entity'],
    ['r&d@example.org', 'mailto:r&amp;d@example.org', 'entity'],
    ['a=b@example.org', 'To: a=3Db@example.org', 'quoted-printable'],
    ['zoë@münster.example', String.raw`{"to": "Zo\u00eb@M\u00fcnster.example"}`, 'escaped'],
    ['zoë@münster.example', String.raw`{"to": "zo\u00EB@xn--mnster-3ya.example"}`, 'escaped'],
    ['zoë@münster.example', '?to=zo%C3%AB@m%C3%BCnster.example', 'url-encoded'],
    ['zoë@münster.example', 'To: zo=C3=AB@m=C3=BCnster.example', 'quoted-printable'],
    ["a'b+c=d&e!f@example.org", "?to=a'b%2Bc%3Dd%26e!f%40example.org", 'url-encoded'],
    ["a'b+c=d&e!f@example.org", '?to=a%27b%2Bc%3Dd%26e%21f%40example.org', 'url-encoded'],
    ['Zoë Brandt', String.raw`{"name": "Zo\u00eb Brandt"}`, 'escaped'],
    ["Sean O'Neil", '<td>Sean O&#39;Neil</td>', 'entity'],
    ['Ann Example', '?cn=Ann%20Example', 'url-encoded'],
  ])('%s, as encoders write signs and letters: %s', (name, content, form) => {
    expect(formsIn(content, [name])).toEqual([form]);
  });

  test('wherever it stands in base64 of anything', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ maxLength: 40 }), (before, behind) => {
        const content = Buffer.concat([before, Buffer.from(' ann@example.org '), behind]).toString('base64');
        expect(formsIn(content)).toContain('base64');
      }),
    );
  });
});

test('the automaton finds what a search for each pattern finds', () => {
  const text = fc
    .array(fc.constantFrom(97, 98, 99, 255), { minLength: 1, maxLength: 6 })
    .map((bytes) => Buffer.from(bytes));
  fc.assert(
    fc.property(
      fc.array(text, { minLength: 1, maxLength: 8 }),
      fc.array(text, { maxLength: 20 }),
      (patterns, parts) => {
        const content = Buffer.concat(parts);
        const machine = automaton(patterns);
        const found = new Set<string>();
        let state = machine.start;
        for (const [at, byte] of content.entries()) {
          state = machine.next(state, byte);
          for (const number of machine.ends[state] ?? []) found.add(`${number} ${at}`);
        }
        const expected = patterns.flatMap((pattern, number) =>
          [...content.keys()]
            .filter((at) =>
              content
                .subarray(0, at + 1)
                .subarray(-pattern.length)
                .equals(pattern),
            )
            .map((at) => `${number} ${at}`),
        );
        expect([...found].toSorted()).toEqual(expected.toSorted());
      },
    ),
  );
});

test('rows as COPY writes them hold what their fields hold', () => {
  const piece = fc.constantFrom(
    'ann@',
    'Ann@Example.org',
    'example.org',
    '=\r\n',
    '=\n',
    '=40',
    '\n',
    '\t',
    '\\',
    ' ',
    'jo',
    '.',
    '=',
    'ann',
    '@exam',
    'ple.org',
    base64(' ann@example.org '),
    base64('ann@example.org').slice(0, 9),
    '\u0000',
  );
  const field = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(''));
  const search = searchFor(['ann@example.org']);
  const escapedText = (text: string) =>
    text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\r', '\\r').replaceAll('\t', '\\t');
  fc.assert(
    fc.property(fc.array(fc.tuple(field, field), { minLength: 1, maxLength: 5 }), (rows) => {
      const columns = [
        { name: 'a', isBytes: false },
        { name: 'b', isBytes: true },
      ];
      const scanner = copyScanner(search, columns);
      const hex = (text: string) => `\\\\x${Buffer.from(text).toString('hex')}`;
      scanner.scan(Buffer.from(rows.map(([a, b]) => `${escapedText(a)}\t${hex(b)}\n`).join('')));
      const expected = [0, 1].flatMap((column) =>
        rows.flatMap((row) =>
          formsIn(row[column] ?? '', ['ann@example.org']).map((form) => `${'ab'[column]} ${form}`),
        ),
      );
      const found = scanner.found.flatMap(({ column, form, rows: count }) =>
        Array.from({ length: count }, () => `${column} ${form}`),
      );
      expect(found.toSorted()).toEqual(expected.toSorted());
    }),
  );
});

describe('a whole database', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await testDatabase();
    await withConnection({ url: database.url, role: 'test' }, (client) =>
      client.query(`
        create schema app;
        create table app.mail (id int, head text, raw bytea, tags text[], "odd ""name"" é" jsonb) partition by range (id);
        create table app.mail_1 partition of app.mail for values from (0) to (100);
        create materialized view app.senders as select 'seen: ann@example.org'::text as sender with data;
        create view app.shown as select * from app.senders;
        create table app.empty ();
        create table app.gone (address text, day date);
        create statistics app.pairs (mcv) on address, day from app.gone;
        insert into app.mail values
          (1, E'To: a@b.example,\\n\\tann@example.org\\r\\n', null, null, null),
          (2, 'x', convert_to('To: Ann@example.org', 'UTF8') || '\\x00ff', '{joann@example.org}', '{"a": "ann\\u0040example.org"}'),
          (3, E'tab\\tann@example.org', '', '{x,"ann@example.org"}', '{}'),
          (4, 'nobody', '\\x', '{}', null);
        insert into app.gone select 'ann@example.org', '2026-01-01' from generate_series(1, 100);
        analyze app.gone;
        delete from app.gone;
        select lo_from_bytea(0, convert_to(repeat('x', 1048570) || ' ann@example.org ' || repeat('y', 9), 'UTF8'));
      `),
    );
  });
  afterAll(async () => {
    await database.drop();
  });

  async function scan(names: readonly string[], url = database.url) {
    const db = await openPlatform(url);
    try {
      return await scanDatabase(db, { names, signal: new AbortController().signal });
    } finally {
      await db.end();
    }
  }

  test('is looked through: partitions, bytes, documents, views that keep rows, large objects, statistics', async () => {
    const result = await scan(['ann@example.org']);
    expect(result.verdict).toBe('residue');
    expect(result.found.map(({ place, column, form, rows }) => `${place} ${column} ${form} ${rows}`)).toEqual(
      [
        'app.mail_1 head text 2',
        'app.mail_1 raw text 1',
        'app.mail_1 odd "name" é text 1',
        'app.mail_1 tags text 1',
        'app.senders sender text 1',
        'statistics of app.gone address text 1',
        'statistics of app.gone address, day text 1',
        'large objects data text 1',
      ],
    );
    expect(JSON.stringify(result)).not.toContain('@');
  });

  test('has nothing of somebody who is not there, and that is said', async () => {
    expect(await scan(['carl@example.org'])).toMatchObject({ verdict: 'none', found: [], unasked: [] });
  });

  test('nor where somebody has locked one: the others are looked through', async () => {
    await withConnection({ url: database.url, role: 'test' }, async (client) => {
      await client.query('begin; lock table app.gone in access exclusive mode');
      const db = await openPlatform(database.url, { lockTimeout: 200 });
      const { signal } = new AbortController();
      const result = await scanDatabase(db, { names: ['ann@example.org'], signal });
      await db.end();
      expect(result.unasked.map(({ source }) => source)).toEqual(['app.gone']);
      expect(result.found.map(({ place }) => place)).toContain('app.mail_1');
      await client.query('rollback');
    });
  });

  test('is not called clean where a table may not be read', async () => {
    const role = `residue_${process.pid}`;
    const on = (sql: string) =>
      withConnection({ url: database.url, role: 'test' }, (client) => client.query(sql));
    await on(
      `create role ${role} login password 'p'; grant usage on schema app to ${role}; grant select on app.senders to ${role}`,
    );
    try {
      const url = new URL(database.url);
      [url.username, url.password] = [role, 'p'];
      const result = await scan(['carl@example.org'], url.toString());
      expect(result.verdict).toBe('unknown');
      expect(result.unasked.map(({ source }) => source)).toEqual(['app.gone', 'app.mail_1', 'large objects']);
    } finally {
      await on(`drop owned by ${role}; drop role ${role}`);
    }
  });
});
