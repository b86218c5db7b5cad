import { afterEach, expect, test } from 'vitest';
import { withConnection } from '../../src/lib/base/postgres.ts';
import { applyPlan } from '../../src/lib/operation/apply.ts';
import { savePlan } from '../../src/lib/operation/plan-store.ts';
import { planErase, subjectErase } from '../../src/lib/subject/erase/index.ts';
import { email, subjects } from '../support/erase-platform.ts';
import {
  type EraseWorld,
  erasePerson,
  eraseWorld,
  replayerOf,
  wholePlatform,
} from '../support/erase-world.ts';

let world: EraseWorld;
afterEach(() => world.close());

async function eraseAll(...persons: readonly (readonly string[])[]): Promise<void> {
  const seeds = world.seeds(...persons);
  const context = await world.context();
  const { plan } = await planErase(context, { seeds, tenant: undefined, reason: 'test', request: undefined });
  await savePlan(context, plan);
  await applyPlan(context, subjectErase, plan.id);
}

test('an address that stands several times without an account is of one person', async () => {
  world = await eraseWorld({
    schema: `create schema app;
      create table app.account (id int primary key, email text not null);
      create table app.subscription (id int primary key, email text, list text, account_id int references app.account);
      insert into app.account values (1, 'ann@example.org'), (2, 'bob@example.org');
      insert into app.subscription values (1, 'loner@example.org', 'dev', null), (2, 'loner@example.org', 'news', null),
        (3, 'ann@example.org', 'dev', 1), (4, 'ann@example.org', 'news', null), (5, 'bob@example.org', 'news', null);`,
    map: `${subjects}  app.account: {primary_key: [id], ownership: exclusive, fields: {email: ${email}}, erase: delete}
  app.subscription:
    primary_key: [id]
    ownership: exclusive
    references: [{column: account_id, to: app.account.id, kind: fk}]
    fields: {email: ${email}}
    non_personal: [list]
    erase: delete
`,
  });
  await eraseAll(['loner@example.org'], ['ann@example.org']);
  expect(await world.query('select id from app.account')).toEqual([{ id: 2 }]);
  expect(await world.query('select id from app.subscription')).toEqual([{ id: 5 }]);
});

test('one that stands in two tenants without an account is of whom the tenant tells', async () => {
  world = await eraseWorld({
    schema: `create schema app;
      create table app.account (tenant int not null, id int primary key, email text not null);
      create table app.subscription (tenant int not null, id int primary key, email text, account_id int references app.account);
      insert into app.subscription values (1, 1, 'loner@example.org', null), (2, 2, 'loner@example.org', null);`,
    map: `${subjects}  app.account: {primary_key: [id], tenant: tenant, ownership: exclusive, fields: {email: ${email}}, erase: delete}
  app.subscription:
    primary_key: [id]
    tenant: tenant
    ownership: exclusive
    references: [{column: account_id, to: app.account.id, kind: fk}]
    fields: {email: ${email}}
    erase: delete
`,
  });
  await expect(eraseAll(['loner@example.org'])).rejects.toMatchObject({ code: 'subject-ambiguous' });
  await erasePerson(world, 'loner@example.org', '2');
  expect(await world.query('select id from app.subscription')).toEqual([{ id: 1 }]);
});

test('an address that belongs to no account is a person, with all that belongs to it', async () => {
  world = await eraseWorld({
    schema: `create schema app;
      create table app.account (id int primary key, email text not null);
      create table app.address (id int primary key, email text, display_name text, account_id int references app.account);
      create table app.member (id int primary key, address_id int references app.address, list text not null);
      insert into app.account values (1, 'ann@example.org');
      insert into app.address values
        (1, 'ann@example.org', 'Ann', 1), (2, 'loner@example.org', 'Loner', null), (3, 'other@example.org', 'Other', null);
      insert into app.member values (1, 1, 'dev'), (2, 2, 'dev'), (3, 3, 'dev');`,
    map: `${subjects}  app.account: {primary_key: [id], ownership: exclusive, fields: {email: ${email}}, erase: delete}
  app.address:
    primary_key: [id]
    ownership: exclusive
    references: [{column: account_id, to: app.account.id, kind: fk}]
    fields: {email: ${email}, display_name: {type: text, category: user.name, erase: set-null}}
    erase: delete
  app.member:
    primary_key: [id]
    ownership: exclusive
    references: [{column: address_id, to: app.address.id, kind: fk}]
    non_personal: [list]
    erase: delete
`,
  });
  const copy = await world.copy();
  await erasePerson(world, 'loner@example.org');
  expect(await world.query('select id from app.address order by id')).toEqual([{ id: 1 }, { id: 3 }]);
  expect(await world.query('select id from app.member order by id')).toEqual([{ id: 1 }, { id: 3 }]);
  await eraseAll(['ann@example.org'], ['other@example.org']);
  expect(await world.query('select id from app.address')).toEqual([]);
  expect(await world.query('select id from app.member')).toEqual([]);

  const replayer = await replayerOf(world);
  const { rows: ledger } = await world.pool.query('select detail from postern.erasure order by entry');
  await withConnection({ url: copy, role: 'test' }, async (client) => {
    await client.query('begin');
    await replayer.replay(client, ledger, { signal: new AbortController().signal });
    await client.query('commit');
    const query: EraseWorld['query'] = async (sql) => (await client.query(sql)).rows as never;
    expect(await wholePlatform({ query })).toEqual(await wholePlatform(world));
  });
});
