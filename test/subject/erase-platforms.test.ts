import { afterEach, expect, test } from 'vitest';
import { email, subjects } from '../support/erase-platform.ts';
import { type EraseWorld, erasePerson, eraseWorld } from '../support/erase-world.ts';

/** Ways in which mail platforms keep persons, each from the schema of one that many run. */
let world: EraseWorld;
afterEach(() => world.close());

const erase = (who: string) => erasePerson(world, who);

test('a row belongs to whom its type says, where contacts and users have the same numbers', async () => {
  world = await eraseWorld({
    schema: `create schema app;
      create table app.contact (id int primary key, email text not null);
      create table app.agent (id int primary key, email text not null);
      create table app.address (id int primary key, owner_type text not null, owner_id int not null, email text not null);
      create table app.avatar (id int primary key, record_type text not null, record_id int not null, file text not null);
      create table app.trail (id int primary key, actor_type text, actor_id int, ip text);
      insert into app.contact values (1, 'ann@example.org'), (2, 'bob@example.org');
      insert into app.agent values (1, 'carl@example.org'), (2, 'dora@example.org');
      insert into app.address values (1, 'contact', 1, 'a.nn@example.org'), (2, 'agent', 1, 'ca@example.org'), (3, 'contact', 2, 'b@example.org');
      insert into app.avatar values (1, 'contact', 1, 'ann.png'), (2, 'agent', 1, 'carl.png'), (3, 'contact', 2, 'bob.png');
      insert into app.trail values (1, 'contact', 1, '192.0.2.1'), (2, 'agent', 1, '192.0.2.2'), (3, null, 1, '192.0.2.3');`,
    map: `${subjects}  app.contact: {primary_key: [id], ownership: exclusive, fields: {email: ${email}}, erase: delete}
  app.agent: {primary_key: [id], ownership: exclusive, fields: {email: ${email}}, erase: delete}
  app.address:
    primary_key: [id]
    ownership: exclusive
    references:
      - {as: contact, column: owner_id, to: app.contact.id, kind: soft, when: {owner_type: contact}}
      - {as: agent, column: owner_id, to: app.agent.id, kind: soft, when: {owner_type: agent}}
    fields: {email: ${email}}
    non_personal: [owner_type]
    erase: delete
  app.avatar:
    primary_key: [id]
    ownership: exclusive
    references:
      - {as: contact, column: record_id, to: app.contact.id, kind: soft, when: {record_type: contact}}
      - {as: agent, column: record_id, to: app.agent.id, kind: soft, when: {record_type: agent}}
    fields: {file: {type: text, category: user.content}}
    non_personal: [record_type]
    erase: delete
  app.trail:
    primary_key: [id]
    ownership: third-party
    references:
      - {column: actor_id, to: app.contact.id, kind: soft, when: {actor_type: contact}}
    fields: {ip: {type: text, category: user.device.ip_address, erase: set-null}}
    non_personal: [actor_type]
    erase: redact
`,
  });
  const done = await erase('a.nn@example.org');
  expect(await world.query('select id from app.contact')).toEqual([{ id: 2 }]);
  expect(await world.query('select id from app.agent order by id')).toEqual([{ id: 1 }, { id: 2 }]);
  expect(await world.query('select id from app.address order by id')).toEqual([{ id: 2 }, { id: 3 }]);
  expect(await world.query('select file from app.avatar order by id')).toEqual([
    { file: 'carl.png' },
    { file: 'bob.png' },
  ]);
  expect(await world.query('select id, ip from app.trail order by id')).toEqual([
    { id: 1, ip: null },
    { id: 2, ip: '192.0.2.2' },
    { id: 3, ip: '192.0.2.3' },
  ]);
  expect(done?.left).toEqual([]);
});

test('an address within one for bounces goes, and those of others beside it stay', async () => {
  const kept = [
    'list-bounces+joann=example.org@lists.example',
    'list-return-7-x-ann=example.org@lists.example',
    'list-bounces+x-ann=example.org@lists.example',
    'list-bounces+ann=example.org.uk@lists.example',
    'SRS0=Ab1c=T7=example.org=joann@forwarder.example',
    'https://example.org/?ann=example.org&to=list@lists.example',
  ];
  const theirs = [
    'list-bounces+ann=example.org@lists.example',
    'list-return-7-Ann=Example.org@lists.example',
    'bounce+ann==a==example.org==list@lists.example',
    'SRS0=Ab1c=T7=example.org=ann@forwarder.example',
    'mailto:list-bounces%2Bann%3Dexample.org%40lists.example',
    'list-bounces+ann+news=example.org@lists.example',
  ];
  world = await eraseWorld({
    schema: `create schema app;
      create table app.account (id int primary key, email text not null);
      create table app.bounce (id serial primary key, line text not null);
      create table app.mail (id int primary key, raw bytea not null);
      insert into app.account values (1, 'ann@example.org'), (2, 'bob@example.org');
      insert into app.bounce (line) values ${[...kept, ...theirs].map((line) => `('${line}')`).join(', ')};
      insert into app.mail values (1, convert_to(E'Return-Path: <list-bounces+ann=example.org@lists.example>\\r\\nSubject: x\\r\\n\\r\\nx\\r\\n', 'UTF8'));`,
    map: `${subjects}  app.account: {primary_key: [id], ownership: exclusive, fields: {email: ${email}}, erase: delete}
  app.bounce:
    primary_key: [id]
    ownership: third-party
    fields: {line: {type: text, parser: text, identity: person.email, erase: {redact: address}}}
    erase: redact
  app.mail:
    primary_key: [id]
    ownership: third-party
    fields: {raw: {type: bytea, parser: rfc5322, identity: person.email, erase: {redact: address}}}
    erase: redact
`,
  });
  const done = await erase('ann@example.org');
  const lines = (await world.query<{ line: string }>('select line from app.bounce order by id')).map(
    ({ line }) => line,
  );
  expect(lines).toEqual([
    ...kept,
    'list-bounces+erased=erased.invalid@lists.example',
    'list-return-7-erased=erased.invalid@lists.example',
    'bounce+erased==a==erased.invalid==list@lists.example',
    'SRS0=Ab1c=T7=erased=erased.invalid@forwarder.example',
    'mailto:list-bounces%2Berased%3Derased.invalid%40lists.example',
    'list-bounces+erased=erased.invalid@lists.example',
  ]);
  const [mail] = await world.query<{ raw: string }>(`select convert_from(raw, 'UTF8') as raw from app.mail`);
  expect(mail?.raw).toContain('<list-bounces+erased=erased.invalid@lists.example>');
  // x-ann may be who is meant: a person has to look.
  const left = done?.left.filter(({ place }) => !place.startsWith('statistics'));
  expect(left?.map(({ place, column, form, rows }) => [place, column, form, rows])).toEqual([
    ['app.bounce', 'line', 'bounce', 1],
  ]);
});

test('addresses in columns of bytes are those of a person as in columns of text', async () => {
  const bytes = '{type: bytea, category: user.contact.email, identity: person.email, erase: {redact: value}}';
  world = await eraseWorld({
    schema: `create schema app;
      create table app.filter_user (id int primary key, email bytea not null unique, fullname text);
      create table app.rule (id int primary key, user_id int not null, sender_id int not null);
      create table app.sender (id int primary key, email bytea not null unique);
      insert into app.filter_user values (1, '@.', null), (2, 'Ann+x@example.org', 'Ann'), (3, 'joann@example.org', 'Jo'), (4, convert_to('jörg@münster.example', 'UTF8'), 'Jörg');
      insert into app.rule values (1, 2, 1), (2, 3, 2), (3, 3, 4);
      insert into app.sender values (1, 'bob@example.org'), (2, 'ann@example.org'), (3, 'ann+y@EXAMPLE.org'), (6, 'ann@example.org.uk'), (7, 'ann@example.organic'), (8, 'zed@example.org'), (4, convert_to('jörg@xn--mnster-3ya.example', 'UTF8')), (5, '\\xff40ff');`,
    map: `${subjects}  app.filter_user: {primary_key: [id], ownership: exclusive, fields: {email: ${bytes}, fullname: {type: text, category: user.name}}, erase: delete}
  app.rule:
    primary_key: [id]
    ownership: exclusive
    references: [{column: user_id, to: app.filter_user.id, kind: soft}]
    non_personal: [sender_id]
    erase: delete
  app.sender: {primary_key: [id], ownership: third-party, fields: {email: ${bytes}}, erase: redact}
`,
  });
  const done = await erase('ann@example.org');
  expect(await world.query('select id from app.filter_user order by id')).toEqual([
    { id: 1 },
    { id: 3 },
    { id: 4 },
  ]);
  expect(await world.query('select id from app.rule order by id')).toEqual([{ id: 2 }, { id: 3 }]);
  const senders = () =>
    world.query<{ email: string }>(`select encode(email, 'escape') as email from app.sender order by id`);
  const emptied = expect.stringMatching(/^erased-[0-9a-f]{16}@erased\.invalid$/);
  const jörg = String.raw`j\303\266rg@xn--mnster-3ya.example`;
  expect((await senders()).map(({ email: text }) => text)).toEqual([
    'bob@example.org',
    emptied,
    emptied,
    jörg,
    String.raw`\377@\377`,
    'ann@example.org.uk',
    'ann@example.organic',
    'zed@example.org',
  ]);
  expect(done?.left).toEqual([]);
  await erase('jörg@münster.example');
  expect(await world.query('select id from app.filter_user order by id')).toEqual([{ id: 1 }, { id: 3 }]);
  expect((await senders())[3]?.email).toEqual(emptied);
});

test('base64 of a page goes through, also in a chunk without the header that says so', async () => {
  const page = (before: string, who: string) => Buffer.from(`<b>${before} ${who}</b>`).toString('base64');
  world = await eraseWorld({
    schema: `create schema app;
      create table app.account (id int primary key, email text not null);
      create table app.chunk (id serial primary key, part bytea not null);
      insert into app.account values (1, 'ann@example.org');
      insert into app.chunk (part) values ${['', 'x', 'xy'].map((before) => `('${page(before, 'ann&#64;example.org')}\r\n--b--')`).join(', ')}, ('${page('', 'joann&#64;example.org')}');`,
    map: `${subjects}  app.account: {primary_key: [id], ownership: exclusive, fields: {email: ${email}}, erase: delete}
  app.chunk:
    primary_key: [id]
    ownership: third-party
    fields: {part: {type: bytea, parser: rfc5322, identity: person.email, erase: {redact: address}}}
    erase: redact
`,
  });
  const done = await erase('ann@example.org');
  const parts = await world.query<{ part: string }>(
    `select convert_from(part, 'UTF8') as part from app.chunk order by id`,
  );
  expect(parts.map(({ part }) => Buffer.from(part.split('--b')[0] ?? '', 'base64').toString())).toEqual([
    ...['', 'x', 'xy'].map((before) => `<b>${before} erased&#64;erased.invalid</b>`),
    '<b> joann&#64;example.org</b>',
  ]);
  expect(done?.left).toEqual([]);
});

test('an address in a link within base64 goes, as senders that follow clicks have it', async () => {
  const link = (who: string) =>
    `https://click.example/l/${Buffer.from(`{"u":"https://shop.example/?m=${encodeURIComponent(who)}&c=1"}`).toString('base64url')}/1`;
  world = await eraseWorld({
    schema: `create schema app;
      create table app.account (id int primary key, email text not null);
      create table app.click (id serial primary key, url text not null);
      insert into app.account values (1, 'ann@example.org');
      insert into app.click (url) values ${['', 'x', 'xy'].flatMap((before) => [`('${before}${link('ann@example.org')}')`, `('${before}${link('joann@example.org')}')`]).join(', ')};`,
    map: `${subjects}  app.account: {primary_key: [id], ownership: exclusive, fields: {email: ${email}}, erase: delete}
  app.click:
    primary_key: [id]
    ownership: third-party
    fields: {url: {type: text, parser: text, identity: person.email, erase: {redact: address}}}
    erase: redact
`,
  });
  const done = await erase('ann@example.org');
  const urls = (await world.query<{ url: string }>('select url from app.click order by id')).map(
    ({ url }) => url,
  );
  expect(urls.filter((_, at) => at % 2 === 1)).toEqual(
    ['', 'x', 'xy'].map((before) => before + link('joann@example.org')),
  );
  for (const url of urls) {
    const decoded = Buffer.from(url.split('/')[4] ?? '', 'base64url').toString();
    expect(decoded).toMatch(/m=(?:joann%40example\.org|erased%40erased\.invalid)&/);
  }
  expect(done?.left).toEqual([]);
});
