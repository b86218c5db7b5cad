import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { DatabaseSource } from '../../src/lib/backup/context.ts';
import type { Destination } from '../../src/lib/backup/destination.ts';
import { listSets } from '../../src/lib/backup/list.ts';
import { runBackup } from '../../src/lib/backup/run.ts';
import { failure } from '../../src/lib/base/error.ts';
import { openLocalObjectStore } from '../../src/lib/cloud/local/object-store.ts';
import type { ObjectStore } from '../../src/lib/cloud/object-store.ts';
import { type BackupWorld, backupWorld, destinationOf, platformSource } from '../support/backup-world.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { restoreSet, sql } from './round-trip.ts';

const day = 86_400_000;
const lock = { mode: 'compliance', duration: 365 * day } as const;
let platform: TestDatabase;
let world: BackupWorld;
let first: Destination;
let second: Destination;
let otherStore: ObjectStore;

beforeAll(async () => {
  platform = await testDatabase();
  await sql(
    platform.url,
    'create table person (id int primary key); insert into person select generate_series(1, 50)',
  );
  world = await backupWorld({ platformUrl: platform.url });
  otherStore = await openLocalObjectStore({ path: join(world.folder, 'second') });
});

beforeEach(async () => {
  await sql(world.stateUrl, 'truncate postern.backup_set cascade');
  const home = `${Math.random().toString(36).slice(2)}/test/`;
  first = destinationOf({ ...world.sets, prefix: home });
  second = destinationOf({ ...world.sets, prefix: home }, { name: 'second', store: otherStore });
});

afterAll(async () => {
  await world?.close();
  await platform?.drop();
});

const states = () =>
  sql(
    world.stateUrl,
    `select s.state as set, destination, c.state, lock_until is not null as locked
       from postern.backup_set s join postern.backup_copy c using (set_id) order by started_at, destination`,
  );

/** A store that fails from the first file on whose key matches. */
function failing(store: ObjectStore, key: RegExp): ObjectStore {
  return {
    ...store,
    put: async (name, body, options) => {
      if (key.test(name)) throw failure('this store is full', { code: 'store-full', hints: ['make room'] });
      return store.put(name, body, options);
    },
  };
}

const setsOf = (destination: Destination) =>
  listSets({ ...world.sets, store: destination.store, prefix: destination.prefix });

test('a set goes to every destination, each with its own lock, and each copy restores', async () => {
  const locked = { ...second, lock };
  const run = await runBackup(world.context({ destinations: [first, locked] }));
  expect(run.destinations).toMatchObject([
    { name: 'offsite', state: 'complete', lockedUntil: null },
    { name: 'second', state: 'complete', lockedUntil: expect.stringMatching(/^20\d\d-/) },
  ]);
  const until = new Date(Date.parse(run.startedAt) + 365 * day);
  const file = `${locked.prefix}${run.setId}/manifest.json.pgp`;
  expect((await otherStore.head(file))?.retention).toEqual({ mode: 'compliance', until });
  expect(await otherStore.delete(file, { versionId: (await otherStore.head(file))?.versionId ?? '' })).toBe(
    'retained',
  );
  expect(await first.store.head(file)).not.toHaveProperty('retention');
  expect(await states()).toEqual([
    { set: 'complete', destination: 'offsite', state: 'complete', locked: false },
    { set: 'complete', destination: 'second', state: 'complete', locked: true },
  ]);
  const there = {
    ...world,
    restoreContext: () =>
      world.restoreContext({ sets: { ...world.sets, store: otherStore, prefix: second.prefix } }),
  };
  expect(await restoreSet(there, run.setId, 'from_second')).toMatchObject({ rows: 50, schema: 'equal' });
  await sql(platform.url, 'drop database from_second');
});

test.each([/30-data/, /SHA256SUMS$/, /manifest\.json\.pgp$/])(
  'a required destination that fails at %s leaves the set whole elsewhere, and the run ends with exit 7',
  async (key) => {
    const warnings: string[] = [];
    const progress = { ...world.context().progress, warn: (line: string) => warnings.push(line) };
    const broken = { ...second, store: failing(otherStore, key) };
    await expect(runBackup(world.context({ destinations: [first, broken], progress }))).rejects.toMatchObject(
      {
        exitCode: 7,
        code: 'destination-lacks-set',
        message: expect.stringContaining('this store is full'),
      },
    );
    expect(warnings).toEqual([expect.stringContaining('second is given up')]);
    expect(await setsOf(first)).toMatchObject([{ isComplete: true }]);
    expect((await setsOf(second)).filter(({ isComplete }) => isComplete)).toEqual([]);
    expect(await states()).toMatchObject([
      { set: 'partial', destination: 'offsite', state: 'complete' },
      { set: 'partial', destination: 'second', state: 'failed' },
    ]);
    const next = await runBackup(world.context({ destinations: [first, second] }));
    expect(next.previousSetId).toBe((await setsOf(first))[0]?.setId);
  },
);

test('a destination that is not required may fail with a warning', async () => {
  const broken = { ...second, required: false, store: failing(otherStore, /20-pre-data/) };
  const run = await runBackup(world.context({ destinations: [first, broken] }));
  expect(run.destinations).toMatchObject([
    { state: 'complete' },
    { state: 'failed', reason: 'this store is full' },
  ]);
  expect(await states()).toMatchObject([{ set: 'complete' }, { set: 'complete', state: 'failed' }]);
});

test('the register expects a locked keyring of a set only where the set has wrapped keys', async () => {
  await sql(
    platform.url,
    `create table wrapped (id int primary key, key bytea not null); insert into wrapped values (1, '\\x01')`,
  );
  const keyringLock = { mode: 'compliance', duration: 35 * day } as const;
  const expected = async (wrappedKeys: DatabaseSource['wrappedKeys']) => {
    const sources = [{ ...platformSource(platform.url), wrappedKeys }];
    const { setId } = await runBackup(
      world.context({ sources, destinations: [{ ...second, lock, keyringLock }] }),
    );
    return sql(
      world.stateUrl,
      `select keyring_lock_until is not null as locked from postern.backup_copy where set_id = '${setId}'`,
    );
  };
  expect(await expected([])).toEqual([{ locked: false }]);
  expect(await expected([{ table: 'public.wrapped', column: 'key' }])).toEqual([{ locked: true }]);
  await sql(platform.url, 'drop table wrapped');
});

test('a run that fails everywhere is a failure, and no set', async () => {
  const destinations = [first, second].map((destination) => ({
    ...destination,
    store: failing(destination.store, /60-post-data/),
  }));
  await expect(runBackup(world.context({ destinations }))).rejects.toMatchObject({
    exitCode: 1,
    code: 'store-full',
  });
  expect(await states()).toMatchObject([{ set: 'failed' }, { set: 'failed' }]);
});

test.each([
  ['without its lock', 'lock-missing', () => undefined],
  [
    'with a shorter one',
    'lock-shorter',
    (until: Date) => ({ mode: 'compliance' as const, until: new Date(until.getTime() - day) }),
  ],
  ['with a weaker one', 'lock-shorter', (until: Date) => ({ mode: 'governance' as const, until })],
])('a store that keeps a file %s is given up', async (_, code, kept) => {
  const careless: ObjectStore = {
    ...otherStore,
    head: async (key, options) => {
      const found = await otherStore.head(key, options);
      if (found?.retention === undefined) return found;
      const { retention, ...rest } = found;
      const changed = kept(retention.until);
      return changed === undefined ? rest : { ...rest, retention: changed };
    },
  };
  await expect(
    runBackup(world.context({ destinations: [{ ...second, store: careless, lock }] })),
  ).rejects.toMatchObject({ exitCode: 1, code });
  expect(await states()).toMatchObject([{ set: 'failed', state: 'failed' }]);
});

test('a store that holds something else than was sent is given up', async () => {
  const lossy: ObjectStore = {
    ...otherStore,
    head: async (key, options) => {
      const found = await otherStore.head(key, options);
      return found === undefined ? undefined : { ...found, size: found.size - 1 };
    },
  };
  await expect(
    runBackup(world.context({ destinations: [{ ...second, store: lossy }] })),
  ).rejects.toMatchObject({ exitCode: 1, code: 'store-changed-object' });
});

test.each([
  ['a year behind', -365 * day],
  ['two hours ahead', 7_200_000],
])('a clock that is %s stops the run before anything is stored', async (_, off) => {
  const clock = { now: () => new Date(Date.now() + off) };
  await expect(runBackup(world.context({ clock }))).rejects.toMatchObject({
    exitCode: 1,
    code: 'clock-skewed',
  });
  expect(await states()).toEqual([]);
});

test('a clock that is half an hour off does not', async () => {
  const clock = { now: () => new Date(Date.now() + 1_800_000) };
  await expect(runBackup(world.context({ clock, destinations: [first] }))).resolves.toMatchObject({
    rows: 50,
  });
});

test('a store whose clock is a year off is given up', async () => {
  const skewed: ObjectStore = {
    ...otherStore,
    head: async (key, options) => {
      const found = await otherStore.head(key, options);
      return found === undefined
        ? undefined
        : { ...found, modified: new Date(found.modified.getTime() + 365 * day) };
    },
  };
  await expect(
    runBackup(world.context({ destinations: [{ ...second, store: skewed }] })),
  ).rejects.toMatchObject({ exitCode: 1, code: 'clock-skewed' });
});
