import { afterEach, expect, test } from 'vitest';
import { withConnection, withDatabase } from '../../src/lib/base/postgres.ts';
import { applyPlan } from '../../src/lib/operation/apply.ts';
import { savePlan } from '../../src/lib/operation/plan-store.ts';
import { eraseReplayer, planErase, subjectErase } from '../../src/lib/subject/erase/index.ts';
import { scanDatabase } from '../../src/lib/subject/residue/index.ts';
import { type EraseWorld, eraseHasher, eraseWorld, wholePlatform } from '../support/erase-world.ts';
import { testDatabase } from '../support/postgres.ts';

let world: EraseWorld;
const dropped: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const drop of dropped.splice(0)) await drop();
  await world.close();
});

/** The platform as it was before, as a restore brings it back. */
async function older() {
  const name = new URL(world.url).pathname.slice(1);
  const database = await testDatabase({ template: name });
  dropped.push(() => database.drop());
  return database.url;
}

async function erase(...who: readonly string[]) {
  const context = await world.context();
  const { plan } = await planErase(context, {
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
  const context = await world.context();
  const replayer = eraseReplayer({
    map: () => context.map(),
    hasher: () => Promise.resolve(eraseHasher),
    pseudonym: () => context.pseudonym(),
    holds: () => Promise.resolve(undefined),
    now: () => new Date(),
  });
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
  const url = await older();
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
  const url = await older();
  await erase('dora@d.example');
  await replay(url);
  expect(await platformAt(url)).toEqual(await wholePlatform(world));
});

test('a name that stands in no row of a person is found all the same', async () => {
  world = await eraseWorld();
  const url = await older();
  await erase('ann@example.org', 'dora@d.example');
  await replay(url);
  expect(await platformAt(url)).toEqual(await wholePlatform(world));
});

test('several erasures, and a backup that lacks a table', async () => {
  world = await eraseWorld();
  const url = await older();
  await erase('ann@example.org');
  await erase('joann@example.org');
  await withConnection({ url: withDatabase(url, new URL(url).pathname.slice(1)), role: 'test' }, (client) =>
    client.query('drop table app.invoice, app.log'),
  );
  await replay(url);
  const { invoice: _, log: __, ...expected } = await wholePlatform(world);
  expect(await platformAt(url)).toEqual(expected);
});
