import { afterEach, expect, test } from 'vitest';
import { withConnection, withDatabase } from '../../src/lib/base/postgres.ts';
import { applyPlan } from '../../src/lib/operation/apply.ts';
import { savePlan } from '../../src/lib/operation/plan-store.ts';
import { type EraseOptions, planErase, subjectErase } from '../../src/lib/subject/erase/index.ts';
import { scanDatabase } from '../../src/lib/subject/residue/index.ts';
import { type EraseWorld, eraseWorld, replayerOf, wholePlatform } from '../support/erase-world.ts';

let world: EraseWorld;
afterEach(() => world.close());

const erase = (...who: readonly string[]) => eraseAs({}, who);

async function eraseAs(said: Pick<EraseOptions, 'onePerson' | 'shared'>, who: readonly string[]) {
  const context = await world.context();
  const { plan } = await planErase(context, {
    ...said,
    seeds: world.seeds(who),
    tenant: undefined,
    reason: 'test',
    request: undefined,
  });
  await savePlan(context, plan);
  await applyPlan(context, subjectErase, plan.id);
}

/** As a restore repeats the ledger: in one transaction of a closed database. */
async function replay(url: string) {
  const replayer = await replayerOf(world);
  const { rows } = await world.pool.query('select detail from postern.erasure order by entry');
  return withConnection({ url, role: 'test' }, async (client) => {
    await client.query('begin');
    const done = await replayer.replay(client, rows, { signal: new AbortController().signal });
    await client.query('commit');
    return done;
  });
}

const platformAt = (url: string) =>
  wholePlatform({
    query: (sql) => withConnection({ url, role: 'test' }, async (client) => (await client.query(sql)).rows),
  });

test('an older copy is erased again from hashes alone, to the same end', async () => {
  world = await eraseWorld();
  const url = await world.copy();
  await erase('ann@example.org');
  const { rows } = await world.pool.query<{ text: string }>(
    'select detail::text as text from postern.erasure',
  );
  expect(rows[0]?.text).not.toMatch(/ann|@/i);
  const done = await replay(url);
  expect(done.replayed).toBe(1);
  expect(done.rows).toBeGreaterThan(20);
  expect(await platformAt(url)).toEqual(await wholePlatform(world));
  const residue = await withConnection({ url, role: 'test' }, (client) =>
    scanDatabase(client, {
      names: ['ann@example.org', 'press@example.org', 'a.nn@münster.example'],
      signal: new AbortController().signal,
    }),
  );
  expect(residue.found.map(({ place }) => place)).toEqual(['app.invoice', 'statistics of app.invoice']);
  // Done twice, it is the same as done once.
  expect(await replay(url)).toMatchObject({ replayed: 1 });
  expect(await platformAt(url)).toEqual(await wholePlatform(world));
});

test('whoever was only mentioned is found in texts and arrays again', async () => {
  world = await eraseWorld();
  const url = await world.copy();
  await erase('dora@d.example');
  await replay(url);
  expect(await platformAt(url)).toEqual(await wholePlatform(world));
});

test('a name that stands in no row of a person is found all the same', async () => {
  world = await eraseWorld();
  const url = await world.copy();
  await erase('ann@example.org', 'dora@d.example');
  await replay(url);
  expect(await platformAt(url)).toEqual(await wholePlatform(world));
});

test('of a person with two rows of a table, both go, there and in an older copy', async () => {
  world = await eraseWorld();
  await world.query(
    `insert into app.account values (1, 12, 'ann+shop@example.org', 'ann+shop@example.org', 'Ann', null)`,
  );
  const url = await world.copy();
  const plan = eraseAs({}, ['ann@example.org']);
  await expect(plan).rejects.toMatchObject({
    exitCode: 6,
    code: 'subject-ambiguous',
    hints: expect.arrayContaining([expect.stringContaining('--one-person')]),
  });
  await eraseAs({ onePerson: true }, ['ann@example.org']);
  expect(await world.query('select id from app.account order by id')).toEqual([{ id: 11 }, { id: 20 }]);
  await replay(url);
  expect(await platformAt(url)).toEqual(await wholePlatform(world));
});

test('a name that several share leads to nobody, and stays with the others, there and in an older copy', async () => {
  world = await eraseWorld();
  await world.query(`insert into app.alias values (9, 20, 'Press@example.org')`);
  const url = await world.copy();
  await expect(erase('ann@example.org')).rejects.toMatchObject({
    code: 'subject-ambiguous',
    hints: expect.arrayContaining([expect.stringContaining('--shared NAME')]),
  });
  const [shared] = world.seeds(['press@example.org']);
  const given = eraseAs({ shared }, ['press@example.org']);
  await expect(given).rejects.toMatchObject({ exitCode: 2, code: 'name-shared' });
  // The plan is applied by a process that knows hashes alone.
  await eraseAs({ shared }, ['ann@example.org']);
  expect(await world.query('select id from app.account order by id')).toEqual([{ id: 11 }, { id: 20 }]);
  expect(await world.query('select id, address from app.alias order by id')).toEqual([
    { id: 2, address: 'jo@example.org' },
    { id: 9, address: 'Press@example.org' },
  ]);
  const { rows } = await world.pool.query<{ text: string }>(
    'select detail::text as text from postern.erasure',
  );
  expect(rows[0]?.text).not.toMatch(/press|@/i);
  await replay(url);
  expect(await platformAt(url)).toEqual(await wholePlatform(world));
});

test('several erasures, and a backup that lacks a table', async () => {
  world = await eraseWorld();
  const url = await world.copy();
  await erase('ann@example.org');
  await erase('joann@example.org');
  await withConnection({ url: withDatabase(url, new URL(url).pathname.slice(1)), role: 'test' }, (client) =>
    client.query('drop table app.invoice, app.log'),
  );
  await replay(url);
  const { invoice: _, log: __, ...expected } = await wholePlatform(world);
  expect(await platformAt(url)).toEqual(expected);
});

test('a view whose owner may make no temporary tables is refreshed, there and in an older copy', async () => {
  world = await eraseWorld();
  const owner = `view_owner_${process.pid}`;
  const url = await world.copy();
  const at = (of: string, sql: string) =>
    withConnection({ url: of, role: 'test' }, (client) => client.query(sql));
  await at(url, `create role ${owner}`);
  try {
    for (const of of [world.url, url]) {
      const database = new URL(of).pathname.slice(1);
      await at(
        of,
        `grant usage, create on schema app to ${owner}; grant select on all tables in schema app to ${owner};
         alter materialized view app.busy owner to ${owner}; revoke all on database "${database}" from public`,
      );
    }
    await erase('ann@example.org');
    expect(await world.query(`select from app.busy where recipient = 'ann+news@example.org'`)).toEqual([]);
    await replay(url);
    expect(await platformAt(url)).toEqual(await wholePlatform(world));
  } finally {
    for (const of of [world.url, url]) await at(of, `drop owned by ${owner} cascade`);
    await at(url, `drop role ${owner}`);
  }
});
