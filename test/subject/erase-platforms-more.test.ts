import { afterEach, expect, test } from 'vitest';
import { email, subjects } from '../support/erase-platform.ts';
import { type EraseWorld, erasePerson, eraseWorld } from '../support/erase-world.ts';

/** Further ways in which platforms keep persons: forums, calendars and servers for mail. */
let world: EraseWorld;
afterEach(() => world.close());

const erase = (who: string) => erasePerson(world, who);

test('the words of a search index go where they name the person', async () => {
  world = await eraseWorld({
    schema: `create schema app;
      create table app.person (id int primary key, email text not null);
      create table app.post (id int primary key, raw text not null, words tsvector, also tsvector not null);
      insert into app.person values (1, 'ann@example.org');
      insert into app.post select n, t, to_tsvector('simple', t), to_tsvector('simple', t) from
        (values (1, 'of ann@example.org'), (2, 'of joann@example.org')) v(n, t);`,
    map: `${subjects}  app.person: {primary_key: [id], ownership: exclusive, fields: {email: ${email}}, erase: delete}
  app.post:
    primary_key: [id]
    ownership: third-party
    fields:
      raw: {type: text, category: user.content, parser: text, identity: person.email, erase: {redact: address}}
      words: {type: tsvector, category: user.contact.email, parser: text, erase: set-null}
      also: {type: tsvector, category: user.contact.email, parser: text, erase: {replace: ""}}
    erase: redact
`,
  });
  const done = await erase('ann@example.org');
  expect(await world.query('select id, raw, words::text, also::text from app.post order by id')).toEqual([
    { id: 1, raw: 'of erased@erased.invalid', words: null, also: '' },
    {
      id: 2,
      raw: 'of joann@example.org',
      words: "'joann@example.org':2 'of':1",
      also: "'joann@example.org':2 'of':1",
    },
  ]);
  expect(done?.left).toEqual([]);
});

test('json that jsonb would refuse keeps nobody from being found and erased', async () => {
  world = await eraseWorld({
    schema: `create schema app;
      create table app.account (id int primary key, email text not null);
      create table app.identity (id int primary key, doc json not null);
      insert into app.account values (1, 'ann@example.org');
      insert into app.identity values (1, '{"to":"ann@example.org","x":"\\u0000 \\ud800"}'), (2, '{"to":"bob@example.org","x":"\\u0000"}');`,
    map: `${subjects}  app.account: {primary_key: [id], ownership: exclusive, fields: {email: ${email}}, erase: delete}
  app.identity:
    primary_key: [id]
    ownership: third-party
    fields: {doc: {type: json, paths: {$.to: {category: user.contact.email, identity: person.email, erase: {redact: node}}}}}
    erase: redact
`,
  });
  const done = await erase('ann@example.org');
  expect(await world.query('select doc::text as doc from app.identity order by id')).toEqual([
    { doc: String.raw`{"x":"\u0000 \ud800"}` },
    { doc: String.raw`{"to":"bob@example.org","x":"\u0000"}` },
  ]);
  expect(done?.left).toEqual([]);
});

test('a path to an object means all below it, and its keys', async () => {
  world = await eraseWorld({
    schema: `create schema app;
      create table app.login (email text primary key);
      create table app.event (id int primary key, doc jsonb not null);
      insert into app.login values ('ann@example.org'), ('bob@example.org');
      insert into app.event values
        (1, '{"by": {"ann@example.org": 1, "bob@example.org": [2, "to ann@example.org", {"joann@example.org": null}]}}'), (2, '{"by": "ann@example.org"}'), (3, '{"by": 7}');`,
    map: `${subjects}  app.login: {primary_key: [email], ownership: exclusive, fields: {email: ${email}}, erase: delete}
  app.event:
    primary_key: [id]
    ownership: third-party
    fields: {doc: {type: jsonb, paths: {$.by: {category: user.content, identity: person.email, parser: json, erase: {redact: address}}}}}
    erase: redact
`,
  });
  const done = await erase('ann@example.org');
  expect(await world.query('select doc from app.event order by id')).toEqual([
    {
      doc: {
        by: {
          'erased@erased.invalid': 1,
          'bob@example.org': [2, 'to erased@erased.invalid', { 'joann@example.org': null }],
        },
      },
    },
    { doc: { by: 'erased@erased.invalid' } },
    { doc: { by: 7 } },
  ]);
  expect(done?.left).toEqual([]);
});

test('a part of a value refers to a person, and others keep theirs', async () => {
  world = await eraseWorld({
    schema: `create schema app;
      create table app.login (name text primary key, email text not null);
      create table app.book (id int primary key, principal text, title text);
      create table app.card (id int primary key, book_id int not null references app.book, content text);
      create table app.quota (id text primary key, used int);
      insert into app.login values ('ann', 'ann@example.org'), ('Ann_', 'a@z.example'), ('joann', 'jo@example.org');
      insert into app.book values (1, 'principals/users/ann', 'hers'), (2, 'principals/users/joann', 'of Jo'),
        (3, 'principals/groups/ann', 'of a group'), (4, 'principals/users/', 'of nobody'), (5, null, 'of nobody'), (6, 'ann', 'of nobody');
      insert into app.card values (1, 1, 'x'), (2, 2, 'y');
      insert into app.quota values ('#ann&q', 1), ('#joann&q', 2), ('#ann', 3), ('#Ann_&q', 4);`,
    map: `version: 1
subjects:
  person: {identities: {login: {}, email: {normalise: [lower]}}}
tables:
  app.login:
    primary_key: [name]
    ownership: exclusive
    fields: {name: {type: text, category: user.unique_id, identity: person.login}, email: ${email}}
    erase: delete
  app.book:
    primary_key: [id]
    ownership: exclusive
    references: [{column: principal, to: app.login.name, kind: soft, prefix: principals/users/}]
    fields: {title: {type: text, category: user.content}}
    erase: delete
  app.card:
    primary_key: [id]
    ownership: exclusive
    references: [{column: book_id, to: app.book.id, kind: fk}]
    fields: {content: {type: text, category: user.content}}
    erase: delete
  app.quota:
    primary_key: [id]
    ownership: exclusive
    references: [{column: id, to: app.login.name, kind: soft, prefix: "#", suffix: "&q"}]
    non_personal: [used]
    erase: delete
`,
  });
  await erase('ann@example.org');
  const left = async (table: string, column: string) =>
    (await world.query<{ v: unknown }>(`select ${column} as v from app.${table} order by 1`)).map(
      ({ v }) => v,
    );
  expect(await left('login', 'name collate "C"')).toEqual(['Ann_', 'joann']);
  expect(await left('book', 'id')).toEqual([2, 3, 4, 5, 6]);
  expect(await left('card', 'id')).toEqual([2]);
  expect(await left('quota', 'used')).toEqual([2, 3, 4]);
});
