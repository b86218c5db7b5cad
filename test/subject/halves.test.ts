// Platforms that keep the local part of an address in one column and its domain in another, or in another table.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { withConnection } from '../../src/lib/base/postgres.ts';
import { findByHash } from '../../src/lib/subject/erase/ledger/find-by-hash.ts';
import { mentionsIn } from '../../src/lib/subject/export/mentions.ts';
import { findPerson, resolveWho } from '../../src/lib/subject/find/index.ts';
import { personGraph } from '../../src/lib/subject/graph/person-graph.ts';
import { hashesToFind } from '../../src/lib/subject/name-hash/index.ts';
import { scanDatabase } from '../../src/lib/subject/residue/index.ts';
import {
  type EraseWorld,
  eraseHasher,
  erasePerson,
  eraseWorld,
  wholePlatform,
} from '../support/erase-world.ts';
import { rectifying } from './rectify-world.ts';

const schema = `
create schema app;
create table app.domain (id int primary key, name text not null unique);
create table app.mailbox (
  id int primary key, local_part varchar(64) not null, domain_id int not null references app.domain, name text not null,
  unique (local_part, domain_id)
);
create table app.alias (id int primary key, address text not null, domain_id int references app.domain, mailbox_id int not null references app.mailbox);
create table app.correspondent (id int primary key, name text, local text not null, domain text not null);
create table app.mail (id int primary key, mailbox_id int not null references app.mailbox, subject text);
create table app.mail_address (id int primary key, mail_id int not null references app.mail, correspondent_id int not null references app.correspondent);
create table app.vacation (id int primary key, told_local text not null, told_domain text not null);
insert into app.domain values (1, 'example.org'), (2, 'example.net'), (3, 'example.org.uk');
insert into app.mailbox values
  (1, 'ann', 1, 'Ann'), (2, 'ann', 2, 'Another Ann'), (3, 'joann', 1, 'Jo'), (4, 'ann', 3, 'Ann of the UK'), (5, 'bob', 1, 'Bob');
insert into app.alias values
  (1, 'Press', 1, 1), (2, 'press', 2, 2), (3, 'news@example.net', null, 1), (4, 'jo', 1, 3);
insert into app.correspondent values
  (1, 'Ann', 'ANN', 'Example.ORG'), (2, 'Ann', 'ann', 'example.net'), (3, 'Jo', 'joann', 'example.org'),
  (4, 'Ann', 'ann+shop', 'example.org'), (5, null, 'press', 'example.org');
insert into app.mail values (1, 1, 'hers'), (2, 5, 'of Bob'), (3, 2, 'of another Ann');
insert into app.mail_address values (1, 1, 3), (2, 2, 1), (3, 2, 3), (4, 3, 2), (5, 2, 4), (6, 2, 5);
insert into app.vacation values (1, 'ann', 'example.org'), (2, 'ann', 'example.net'), (3, 'example.org', 'ann');
`;

const half = (rest: string) => `{type: text, category: user.contact.email, identity: person.email, ${rest}}`;

const map = `version: 1
subjects:
  person: {identities: {email: {normalise: [trim, lower, nfc, idna], variants: [plus-tag]}}}
tables:
  app.domain: {primary_key: [id], ownership: third-party, non_personal: [name]}
  app.mailbox:
    primary_key: [id]
    ownership: exclusive
    references: [{column: domain_id, to: app.domain.id, kind: fk}]
    fields:
      local_part: {type: varchar, category: user.contact.email, identity: person.email, domain: {column: name, by: domain}}
      name: {type: text, category: user.name}
    erase: delete
  app.alias:
    primary_key: [id]
    ownership: exclusive
    owner: mailbox
    references:
      - {column: domain_id, to: app.domain.id, kind: fk}
      - {column: mailbox_id, to: app.mailbox.id, kind: fk}
    fields:
      address: ${half('domain: {column: name, by: domain}')}
    erase: delete
  app.correspondent:
    primary_key: [id]
    ownership: third-party
    fields:
      name: {type: text, category: user.name, erase: set-null}
      local: ${half('domain: {column: domain}, erase: {redact: value}')}
    erase: redact
  app.mail:
    primary_key: [id]
    ownership: exclusive
    references: [{column: mailbox_id, to: app.mailbox.id, kind: fk}]
    fields: {subject: {type: text, category: user.content}}
    erase: delete
  app.mail_address:
    primary_key: [id]
    ownership: exclusive
    owner: mail
    references:
      - {column: mail_id, to: app.mail.id, kind: fk}
      - {column: correspondent_id, to: app.correspondent.id, kind: fk}
    erase: delete
  app.vacation:
    primary_key: [id]
    ownership: third-party
    fields:
      told_local: ${half('domain: {column: told_domain}, erase: {replace: gone}')}
    erase: redact
`;

let world: EraseWorld;
beforeEach(async () => {
  world = await eraseWorld({ schema, map });
});
afterEach(() => world.close());

const names = ['ann@example.org', 'press@example.org', 'news@example.net'];
const signal = new AbortController().signal;

const residue = () =>
  withConnection({ url: world.url, role: 'test' }, async (client) => {
    const graph = personGraph(world.map);
    const { found } = await scanDatabase(client, { names, graph, signal });
    return found.map(({ place, column, form, rows }) => [place, column, form, rows]);
  });

test('a person is found by both halves, and nobody else by one of them', async () => {
  const found = await withConnection({ url: world.url, role: 'test' }, (client) =>
    findPerson(client, world.map, { who: ['ann@example.org'], tenant: undefined, signal }),
  );
  expect(found.persons).toEqual([{ table: 'app.mailbox', key: ['1'], tenant: null }]);
  expect(found.names).toEqual([{ kind: 'email', values: 3 }]);
  expect(found.rows.map(({ table, class: whose, rows }) => [table, whose, rows])).toEqual([
    ['app.mailbox', 'own', 1],
    ['app.alias', 'own', 2],
    ['app.correspondent', 'mention', 3],
    ['app.mail', 'own', 1],
    ['app.mail_address', 'own', 1],
    ['app.vacation', 'mention', 1],
  ]);
});

test('an export tells how others call the person, in both halves', async () => {
  const mention = await withConnection({ url: world.url, role: 'test' }, async (client) => {
    await client.query('begin read only');
    const who = { who: ['ann@example.org'], tenant: undefined, signal };
    const { resolving, resolved } = await resolveWho(client, world.map, who);
    const table = resolving.graph.model.tables.get('app.correspondent');
    if (table === undefined) throw new Error('the map has no such table');
    return mentionsIn(client, resolving, resolved, table);
  });
  expect(mention).toEqual({
    table: 'app.correspondent',
    rows: 3,
    names: ['ANN@Example.ORG', 'ann+shop@example.org', 'press@example.org'].map((value) => ({
      field: 'local',
      value,
      rows: 1,
    })),
  });
});

test('an erasure takes both halves for one name, and leaves who has one of them', async () => {
  const before = await wholePlatform(world);
  expect(await residue()).toEqual([
    ['app.alias', 'address', 'text', 1],
    ['app.mailbox', 'local_part', 'halves', 1],
    ['app.alias', 'address', 'halves', 2],
    ['app.correspondent', 'local', 'halves', 3],
    ['app.vacation', 'told_local', 'halves', 1],
  ]);
  const done = await erasePerson(world, 'ann@example.org');
  expect(done?.left).toEqual([]);
  expect(await residue()).toEqual([]);
  const without = (table: string, ...ids: readonly number[]) =>
    (before[table] ?? []).filter((row) => !ids.some((id) => row.startsWith(`(${id},`)));
  expect(await wholePlatform(world)).toEqual({
    domain: before['domain'],
    mailbox: without('mailbox', 1),
    alias: without('alias', 1, 3),
    correspondent: [
      '(1,,erased-…,Example.ORG)',
      ...without('correspondent', 1, 4, 5),
      '(4,,erased-…,example.org)',
      '(5,,erased-…,example.org)',
    ],
    mail: without('mail', 1),
    mail_address: without('mail_address', 1),
    vacation: ['(1,gone,example.org)', ...without('vacation', 1)],
  });
});

test('who is erased is found again by the hash of the whole address', async () => {
  const graph = personGraph(world.map);
  const known = new Map([['email', new Set(['ann@example.org'])]]);
  const hashes = [...hashesToFind(eraseHasher, 'ledger', graph.identities, known)];
  const tables = new Set(graph.model.tables.keys());
  const [found] = await withConnection({ url: world.url, role: 'test' }, async (client) => {
    await client.query('begin');
    return findByHash(client, { graph, hasher: eraseHasher, tables, signal }, [hashes]);
  });
  expect([...(found?.get('email') ?? [])]).toContain('ann@example.org');
});

const { failing, rectify } = rectifying(() => world);

test('a correction writes the halves, and leaves a domain that others share', async () => {
  const values = { who: ['ann@example.org'], from: 'ann@example.org', to: 'anna@example.org' };
  await rectify({ values, everywhere: true });
  expect(await world.query('select local_part as l from app.mailbox order by id')).toEqual(
    ['anna', 'ann', 'joann', 'ann', 'bob'].map((l) => ({ l })),
  );
  expect(await world.query('select local as l, domain as d from app.correspondent order by id')).toEqual([
    { l: 'anna', d: 'example.org' },
    { l: 'ann', d: 'example.net' },
    { l: 'joann', d: 'example.org' },
    { l: 'anna', d: 'example.org' },
    { l: 'press', d: 'example.org' },
  ]);
  const moved = { who: ['anna@example.org'], from: 'anna@example.org', to: 'anna@new.example' };
  const before = await wholePlatform(world);
  expect(await failing({ values: moved })).toMatchObject({
    code: 'rectify-blocked',
    message: expect.stringContaining('app.mailbox.local_part stands in another row'),
  });
  expect(await wholePlatform(world)).toEqual(before);
});
