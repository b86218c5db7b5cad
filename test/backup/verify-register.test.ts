// What the state database knows, against what the store shows: sets that are gone, replaced or rolled back.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { listDestination } from '../../src/lib/backup/list-destination.ts';
import { type VerifyManyOptions, verifyMany } from '../../src/lib/backup/verify/index.ts';
import type { Queryable } from '../../src/lib/base/postgres.ts';
import { connect } from '../../src/lib/base/postgres.ts';
import { silentProgress } from '../../src/lib/base/progress.ts';
import { sql } from './round-trip.ts';
import { type VerifyWorld, verifyWorld, watched, withoutKeys } from './verify-world.ts';

let world: VerifyWorld;

beforeAll(async () => {
  world = await verifyWorld();
});

afterAll(() => world?.close());

const without = (setId: string) => withoutKeys(world.sets, new RegExp(`/${setId}/`));

const many = (changes: Partial<VerifyManyOptions> = {}): VerifyManyOptions => ({
  which: 'newest',
  level: 'list',
  keys: undefined,
  workers: 1,
  signal: new AbortController().signal,
  progress: silentProgress,
  state: world.pool,
  ...changes,
});

/** A state database in which this was changed; nothing of it stays. */
async function whileRegisterSays(change: string, look: (state: Queryable) => Promise<void>): Promise<void> {
  const client = await connect({ url: world.stateUrl, role: 'state database' });
  try {
    await client.query('begin');
    await client.query(change);
    await look(client);
  } finally {
    await client.end();
  }
}

test('sets that are as the register knows them have no findings, and every look is on record', async () => {
  expect(await world.verify()).toMatchObject({ findings: [], notes: [], outcome: 'passed' });
  const [check] = await sql(
    world.stateUrl,
    `select profile, set_id, destination, kind, level, outcome, findings, bytes > 0 as read, finished_at >= started_at as ordered
     from postern.backup_check order by check_id desc limit 1`,
  );
  expect(check).toEqual({
    profile: 'test',
    set_id: world.newer,
    destination: 'offsite',
    kind: 'verify',
    level: 'full',
    outcome: 'passed',
    findings: 0,
    read: true,
    ordered: true,
  });
});

test('a set that the register knows as complete and the store has lost is missing', async () => {
  const sets = without(world.older);
  const all = await verifyMany([sets], many({ which: 'all' }));
  expect(all.results).toMatchObject([
    { setId: world.newer, findings: [{ kind: 'chain', message: expect.stringContaining('is gone') }] },
    { setId: world.older, outcome: 'failed', findings: [{ kind: 'missing', file: null }] },
  ]);
  expect(await listDestination(sets, { state: world.pool, progress: silentProgress })).toMatchObject([
    { setId: world.older, state: 'missing' },
    { setId: world.newer, state: 'complete', isComplete: true },
  ]);
  expect(await world.verify({ sets, setId: world.older })).toMatchObject({
    outcome: 'failed',
    findings: [{ kind: 'missing', file: null, message: expect.stringContaining('is not there') }],
  });
});

test('a set that nobody knows is no finding but a mistake', async () => {
  await expect(world.verify({ setId: '20200101T000000Z-00000000' })).rejects.toMatchObject({
    exitCode: 2,
    code: 'set-missing',
  });
  await whileRegisterSays(`update postern.backup_copy set state = 'pruned'`, async (state) => {
    const sets = without(world.older);
    await expect(world.verify({ sets, setId: world.older, state })).rejects.toMatchObject({ exitCode: 2 });
    expect(await listDestination(sets, { state, progress: silentProgress })).toHaveLength(1);
  });
});

test('an older set that appears as the newest one is told as a rollback', async () => {
  const { results } = await verifyMany([without(world.newer)], many());
  expect(results).toMatchObject([
    {
      setId: world.older,
      outcome: 'failed',
      findings: [{ kind: 'register', message: expect.stringContaining(world.newer) }],
    },
  ]);
  expect((await verifyMany([world.sets], many())).results).toMatchObject([
    { setId: world.newer, findings: [] },
  ]);
});

test('when every set is gone, the newest that the register knows is missing', async () => {
  const sets = withoutKeys(world.sets, /./);
  expect((await verifyMany([sets], many())).results).toMatchObject([
    { setId: world.newer, findings: [{ kind: 'missing' }] },
  ]);
  const unknown = await verifyMany([sets], many({ state: undefined }));
  expect(unknown).toMatchObject({
    results: [],
    failures: [{ setId: null, error: { exitCode: 4, code: 'set-missing' } }],
  });
});

test('a manifest that is not the one which the register knows is a finding: an older one was replayed', async () => {
  await whileRegisterSays(
    `update postern.backup_set set manifest_sha256 = repeat('0', 64) where set_id = '${world.newer}'`,
    async (state) => {
      for (const level of ['list', 'full'] as const)
        expect(await world.verify({ state, level })).toMatchObject({
          outcome: 'failed',
          findings: [
            { kind: 'register', file: 'manifest.json.pgp', message: expect.stringContaining('000000') },
          ],
        });
    },
  );
});

test('a hole in the chain is a finding where the register does not say why, and unknown without one', async () => {
  const sets = without(world.older);
  expect(await world.verify({ sets, level: 'list' })).toMatchObject({
    findings: [{ kind: 'chain', file: null, message: expect.stringContaining(world.older) }],
  });
  for (const state of ['pruned', 'failed'])
    await whileRegisterSays(
      `update postern.backup_copy set state = '${state}' where set_id = '${world.older}'`,
      async (db) => {
        expect(await world.verify({ sets, level: 'list', state: db })).toMatchObject({
          findings: [],
          notes: [],
        });
      },
    );
  expect(await world.verify({ sets, level: 'list', state: undefined })).toMatchObject({
    outcome: 'passed',
    findings: [],
    notes: [expect.stringContaining('unknown')],
  });
});

test('a state database that fails in the middle is a warning, and the verification goes on', async () => {
  const progress = watched();
  const state = { query: () => Promise.reject(new Error('the server is gone')) } as unknown as Queryable;
  expect(await world.verify({ state, progress })).toMatchObject({ outcome: 'passed', findings: [] });
  expect(progress.warnings).toEqual([
    'the state database cannot be used, so the set is not compared with it: the server is gone',
    'the state database cannot be used, so this verification cannot be resumed: the server is gone',
    `the state database cannot be used, so the verify of ${world.newer} is not on record: the server is gone`,
  ]);
});

test('a destination that cannot be asked, and a set that nobody can read, do not hinder the others', async () => {
  const broken = {
    ...world.sets,
    destination: 'second',
    store: {
      ...world.sets.store,
      listVersions: (prefix: string) => world.sets.store.getStream(prefix) as never,
    },
  };
  const verified = await verifyMany([broken, world.sets], many({ which: 'all' }));
  expect(verified.failures).toMatchObject([{ destination: 'second', setId: null, error: { exitCode: 1 } }]);
  expect(verified.results).toMatchObject([{ setId: world.newer }, { setId: world.older }]);
});

test('a list shows locks and the last verification, from the register or from the store', async () => {
  await world.verify({ level: 'head' });
  const known = await listDestination(world.sets, { state: world.pool, progress: silentProgress });
  expect(known.at(-1)).toMatchObject({ lastVerified: { level: 'head', outcome: 'passed' } });
  const unknown = await listDestination(world.sets, { state: undefined, progress: silentProgress });
  expect(unknown.map(({ lastVerified }) => lastVerified)).toEqual([null, null]);
  for (const [index, { lockedUntil }] of unknown.entries())
    expect(
      Math.abs(Date.parse(lockedUntil ?? '') - Date.parse(known[index]?.lockedUntil ?? '')),
    ).toBeLessThan(1000);
});
