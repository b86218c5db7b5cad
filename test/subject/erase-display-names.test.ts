import { deflateSync } from 'node:zlib';
import { afterEach, expect, test } from 'vitest';
import { tellingNames } from '../../src/lib/subject/erase/closure/display-names.ts';
import { fieldScanner, searchFor } from '../../src/lib/subject/residue/index.ts';
import { email, subjects } from '../support/erase-platform.ts';
import { type EraseWorld, erasePerson, eraseWorld } from '../support/erase-world.ts';

let world: EraseWorld | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

test.each([
  [['Ann Example'], ['Ann Example']],
  [[' Ann \t Example ', null], ['Ann Example']],
  [
    ['Ann', 'Example'],
    ['Ann Example', 'Example Ann', 'Example, Ann'],
  ],
  [
    ['Ann', 'Example', 'Dr. Ann Example'],
    ['Dr. Ann Example', 'Ann Example', 'Example Ann', 'Example, Ann'],
  ],
  [['Ann'], []],
  [['A. B.'], []],
  [['ann example@example.org'], []],
  [['Ann', 'Ann'], []],
  [['Ann', 'Bea', 'Example'], []],
  [[`${'a'.repeat(60)} ${'b'.repeat(60)}`], []],
])('of %j, what tells a person from others is %j', (values, names) => {
  expect(tellingNames(values)).toEqual(names);
});

test.each([
  ['Regards, ann EXAMPLE.'],
  ['From: "Ann Example" <x@example.org>'],
  ['=?utf-8?Q?Ann_Example?='],
  [Buffer.from('Ann Example').toString('base64')],
  [Buffer.from('x Ann Example').toString('base64')],
  [Buffer.from('Ann Example', 'utf16le').toString('latin1')],
])('%j has the display name', (text) => {
  expect(formsIn(text, 'Ann Example')).toEqual(['name']);
});

test.each([
  ['M\\u00fcller, Zo\\u00EB'],
  ['m=C3=BCller,_zo=C3=AB'],
  ['M=C3=BCller, Zo=C3=AB'],
  ['M=FCller, Zo=EB'],
  ['M=FCller,_Zo=EB'],
  [Buffer.from('Müller, Zoë', 'latin1')],
  ['Müller, Zoë'],
  ['MÜLLER, ZOË'],
])('%j has the display name with letters outside of ASCII', (text) => {
  expect(formsIn(text, 'Müller, Zoë')).toEqual(['name']);
});

test.each(['Joann Example', 'Ann Examples', 'Ann  Example', 'Ann-Example', 'Ann', ''])(
  '%j has it not',
  (text) => {
    expect(formsIn(text, 'Ann Example')).toEqual([]);
  },
);

test('an address beside the name is told as it was before', () => {
  const scanner = fieldScanner(searchFor(['ann@example.org'], ['Ann Example']));
  for (const byte of Buffer.from('Ann Example <ann@example.org>')) scanner.feed(byte);
  expect([...scanner.end()].toSorted()).toEqual(['name', 'text']);
});

function formsIn(text: string | Buffer, name: string): readonly string[] {
  const scanner = fieldScanner(searchFor([], [name]));
  for (const byte of Buffer.from(text as string)) scanner.feed(byte);
  return [...scanner.end()];
}

test('where a person stands as they are called is told apart from what is left, and fails nothing', async () => {
  world = await eraseWorld({
    schema: `create schema app;
      create table app.account (id int primary key, email text not null);
      create table app.profile (account_id int primary key references app.account, first_name text, last_name text);
      create table app.identity (id int primary key, account_id int references app.account, email text, sender text);
      create table app.card (id int primary key, account_id int references app.account, full_name text);
      create table app.note (id int primary key, body text, seen text);
      insert into app.account values (1, 'ann@example.org'), (2, 'bob@example.org');
      insert into app.profile values (1, 'Ann', 'Example'), (2, 'Bob', 'Builder');
      insert into app.identity values (1, 1, 'sales@example.org', 'The Sales Team');
      insert into app.card values (1, 1, 'Carl Carlson'), (2, 2, 'Dora Dorn');
      insert into app.note values (1, 'Regards, Ann Example', 'Carl Carlson'), (2, 'Example, Ann was here', 'Bob Builder'),
        (3, 'The sales team', 'Ann'), (4, 'Ann Examples', 'Dora Dorn'),
        (5, '${deflateSync('Regards, Ann Example').toString('base64')}', 'compressed');`,
    map: `${subjects}  app.account: {primary_key: [id], ownership: exclusive, fields: {email: ${email}}, erase: delete}
  app.profile:
    primary_key: [account_id]
    ownership: exclusive
    references: [{column: account_id, to: app.account.id, kind: fk}]
    fields: {first_name: {type: text, category: user.name.first}, last_name: {type: text, category: user.name.last}}
    erase: delete
  app.identity:
    primary_key: [id]
    ownership: exclusive
    references: [{column: account_id, to: app.account.id, kind: fk}]
    fields: {email: ${email}, sender: {type: text, category: user.name}}
    erase: delete
  app.card:
    primary_key: [id]
    ownership: exclusive
    references: [{column: account_id, to: app.account.id, kind: fk}]
    fields: {full_name: {type: text, category: user.name}}
    erase: delete
  app.note: {primary_key: [id], ownership: third-party, non_personal: [body, seen], erase: redact}
`,
  });
  expect(await erasePerson(world, 'ann@example.org')).toMatchObject({
    left: [],
    displayNames: [{ place: 'app.note', column: 'body', form: 'name', rows: 4 }],
  });
});
