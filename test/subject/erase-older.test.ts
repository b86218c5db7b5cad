import { afterEach, expect, test } from 'vitest';
import { dueErasures } from '../../src/lib/backup/erasure/ledger.ts';
import { withConnection } from '../../src/lib/base/postgres.ts';
import { applyPlan } from '../../src/lib/operation/apply.ts';
import { subjectErase } from '../../src/lib/subject/erase/index.ts';
import { ledgerDetail, writeLedger } from '../../src/lib/subject/erase/ledger/ledger.ts';
import { nameHasher } from '../../src/lib/subject/name-hash/index.ts';
import {
  type EraseWorld,
  erasePerson,
  eraseWorld,
  plannedErase,
  replayerOf,
} from '../support/erase-world.ts';

let world: EraseWorld;
afterEach(() => world.close());

/** As a restore repeats the ledger: in one transaction of a closed database. */
function replay(url: string) {
  return withConnection({ url, role: 'test' }, async (client) => {
    const replayer = await replayerOf(world);
    const { rows } = await world.pool.query('select detail from postern.erasure order by entry');
    await client.query('begin');
    const replayed = await replayer.replay(client, rows, { signal: new AbortController().signal });
    await client.query('commit');
    return replayed;
  });
}

const queryAt = (url: string, sql: string) =>
  withConnection({ url, role: 'test' }, async (client) => (await client.query(sql)).rows);

test('who had an alias before, or without whom the map knows nobody by an id, is nobody else', async () => {
  world = await eraseWorld();
  // The address for the press was Bob's when the backup was made, and Ann's when she was erased.
  await world.query('update app.alias set account_id = 20 where id = 3');
  const url = await world.copy();
  await world.query('update app.alias set account_id = 10 where id = 3');
  // Somebody who is not in that backup at all had Jo's alias.
  await world.query(
    `insert into app.account values (1, 13, 'new@example.org', 'new@example.org', 'N', null); update app.alias set account_id = 13 where id = 2`,
  );
  await erasePerson(world, 'ann@example.org');
  await erasePerson(world, 'new@example.org');
  await replay(url);
  expect(await queryAt(url, 'select id from app.account order by id')).toEqual([{ id: 11 }, { id: 20 }]);
  expect(await queryAt(url, 'select address from app.alias order by id')).toEqual([
    { address: 'jo@example.org' },
    { address: 'press@example.org' },
  ]);
});

test('a backup from before columns came that the map has is erased again', async () => {
  world = await eraseWorld();
  const url = await world.copy();
  await erasePerson(world, 'ann@example.org');
  await queryAt(
    url,
    'alter table app.mail drop column meta, drop column object_key; alter table app.note drop column account_id, drop column ip',
  );
  await replay(url);
  expect(await queryAt(url, 'select id from app.account where id = 10')).toEqual([]);
  expect(await queryAt(url, `select id from app.mail t where t::text ilike '%<ann@example.org%'`)).toEqual(
    [],
  );
});

test('what only the backup has, and the map does not mention, is named', async () => {
  world = await eraseWorld();
  const url = await world.copy();
  await erasePerson(world, 'ann@example.org');
  await queryAt(
    url,
    `create table app.former (id int primary key, email text); insert into app.former values (1, 'ann@example.org');
     alter table app.account add column "old.name" text; create view app.glance as select * from app.former`,
  );
  expect(await replay(url)).toMatchObject({ unmapped: ['app.former', 'app.account."old.name"'] });
  expect(await replay(await world.copy())).toMatchObject({ unmapped: [] });
});

test('one that lacks the column of a key or a tenant is refused', async () => {
  world = await eraseWorld();
  const url = await world.copy();
  await erasePerson(world, 'ann@example.org');
  await queryAt(url, 'alter table app.card drop column tenant_id');
  await expect(replay(url)).rejects.toMatchObject({
    exitCode: 6,
    code: 'erase-blocked',
    message: expect.stringContaining('app.card has no column tenant_id'),
  });
});

test('without the key of the hashes nobody is passed over in silence', async () => {
  world = await eraseWorld();
  await erasePerson(world, 'ann@example.org');
  const { rows } = await world.pool.query('select detail from postern.erasure');
  const replayer = await replayerOf(world, nameHasher(['ef'.repeat(32)]));
  await expect(replayer.prepare(rows)).rejects.toMatchObject({ exitCode: 6, code: 'erasure-key-missing' });
  await (await replayerOf(world)).prepare(rows);
});

test('a set that was made while an erasure was stopped for days is erased again', async () => {
  world = await eraseWorld();
  const { context, plan } = await plannedErase(world, 'ann@example.org');
  const detail = ledgerDetail.parse({ persons: [['0a0a0a0a:00']], tenant: null });
  await writeLedger(world.pool, { profile: 'test', planId: plan.id, detail, at: new Date() });
  const due = (days: number) =>
    dueErasures(world.pool, {
      profile: 'test',
      source: 'platform',
      snapshotAt: new Date(Date.now() + days * 86_400_000),
    });
  expect(await due(2)).toHaveLength(1);
  await applyPlan(context, subjectErase, plan.id);
  expect(await due(-2)).toHaveLength(1);
  expect(await due(2)).toEqual([]);
});

test('the work tables of a backup that was made during an erasure go with the persons whom they name', async () => {
  world = await eraseWorld();
  const { context, plan } = await plannedErase(world, 'ann@example.org');
  let url = '';
  const copied: typeof subjectErase = {
    ...subjectErase,
    applyStep: async (own, of, index, journal) => {
      if (of.body.steps[index]?.kind === 'ledger') url = await world.copy();
      return subjectErase.applyStep(own, of, index, journal);
    },
  };
  await applyPlan(context, copied, plan.id);
  const work = `select relname from pg_class where relnamespace = 'postern_work'::regnamespace and relkind = 'r'`;
  expect(await queryAt(url, work)).not.toEqual([]);
  await replay(url);
  expect(await queryAt(url, work)).toEqual([]);
});

test('a backup with a table that the map does not know any more says what helps', async () => {
  world = await eraseWorld();
  const url = await world.copy();
  await erasePerson(world, 'ann@example.org');
  await queryAt(
    url,
    'create table app.former (id int, account_id int not null references app.account); insert into app.former values (1, 10)',
  );
  await expect(replay(url)).rejects.toMatchObject({
    exitCode: 6,
    code: 'erase-blocked',
    message: expect.stringContaining('app.former'),
    hints: expect.arrayContaining([expect.stringContaining('--config')]),
  });
});

test('a further account of the same address, closed before the erasure, does not keep a backup from being restored', async () => {
  world = await eraseWorld();
  await world.query(
    `insert into app.account values (1, 12, 'ann+shop@example.org', 'ann+shop@example.org', 'Ann', null)`,
  );
  const url = await world.copy();
  await world.query('delete from app.account where id = 12');
  await erasePerson(world, 'ann@example.org');
  await replay(url);
  const accounts = await queryAt(url, 'select id, email from app.account order by id');
  expect(accounts).toEqual([
    { id: 11, email: 'joann@example.org' },
    { id: 12, email: expect.stringMatching(/^erased-.*@erased\.invalid$/) },
    { id: 20, email: 'bob@example.org' },
  ]);
});
