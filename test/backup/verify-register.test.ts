// What the state database knows, against what the store shows: sets that are gone, replaced or rolled back.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { lastVerifications } from '../../src/lib/backup/known-copy.ts';
import { listDestination } from '../../src/lib/backup/list-destination.ts';
import { backupStatus } from '../../src/lib/backup/status/status.ts';
import { type VerifyManyOptions, verifyMany } from '../../src/lib/backup/verify/index.ts';
import type { Queryable } from '../../src/lib/base/postgres.ts';
import { connect } from '../../src/lib/base/postgres.ts';
import { silentProgress } from '../../src/lib/base/progress.ts';
import { alteredStore, flipped } from './altered-store.ts';
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

/** What was recorded last of each set, since a moment. */
async function recordedSince(checkId: string) {
  const rows = await sql<{ setId: string; outcome: string; findings: number; detail: unknown }>(
    world.stateUrl,
    `select set_id as "setId", outcome, findings, detail from postern.backup_check where check_id > ${checkId} order by check_id`,
  );
  return Object.fromEntries(rows.map(({ setId, ...record }) => [setId, record]));
}

async function lastCheckId(): Promise<string> {
  const [row] = await sql<{ id: string }>(
    world.stateUrl,
    'select coalesce(max(check_id), 0) as id from postern.backup_check',
  );
  return row?.id ?? '0';
}

test('a newer set that is gone is on record as missing, and the healthy older one as it was found itself', async () => {
  const before = await lastCheckId();
  const { results } = await verifyMany(
    [without(world.newer)],
    many({ level: 'full', keys: world.secretKeys }),
  );
  expect(results).toMatchObject([
    { setId: world.older, outcome: 'failed', findings: [{ kind: 'register', set: world.newer }] },
  ]);
  expect(await recordedSince(before)).toMatchObject({
    [world.older]: { outcome: 'passed', findings: 0, detail: { kinds: [] } },
    [world.newer]: { outcome: 'failed', findings: 1, detail: { kinds: ['missing'], seenFrom: world.older } },
  });
  const checks = await lastVerifications(world.pool, world.sets);
  expect(checks.get(world.older)).toMatchObject({ outcome: 'passed' });
  expect(checks.get(world.newer)).toMatchObject({ outcome: 'failed' });
});

test('what is wrong with the set itself stays on its own record beside a newer one that is gone', async () => {
  const before = await lastCheckId();
  const sets = withoutKeys(world.sets, new RegExp(`/${world.newer}/|${world.older}/README`));
  await verifyMany([sets], many());
  expect(await recordedSince(before)).toMatchObject({
    [world.older]: { outcome: 'failed', findings: 1, detail: { kinds: ['missing'] } },
    [world.newer]: { outcome: 'failed', findings: 1 },
  });
});

test('a set before this one that is gone or was exchanged is on record by its own name', async () => {
  const before = await lastCheckId();
  const gone = await world.verify({ sets: without(world.older), level: 'list' });
  expect(gone).toMatchObject({ outcome: 'failed', findings: [{ kind: 'chain', set: world.older }] });
  expect(await recordedSince(before)).toMatchObject({
    [world.newer]: { outcome: 'passed', findings: 0 },
    [world.older]: { outcome: 'failed', findings: 1, detail: { kinds: ['missing'], seenFrom: world.newer } },
  });
  const middle = await lastCheckId();
  const key = `${world.sets.prefix}${world.older}/manifest.json.pgp`;
  const changes = new Map([[key, flipped(await world.sets.store.get(key), -1)]]);
  const exchanged = { ...world.sets, store: alteredStore(world.sets.store, changes) };
  expect(await world.verify({ sets: exchanged, level: 'list' })).toMatchObject({
    outcome: 'failed',
    findings: [{ kind: 'chain', set: world.older }],
  });
  expect(await recordedSince(middle)).toMatchObject({
    [world.newer]: { outcome: 'passed' },
    [world.older]: { outcome: 'failed', detail: { kinds: ['chain'] } },
  });
});

test('status calls the healthy set the last good one, and tells of the set that is gone', async () => {
  await world.verify({ setId: world.older });
  await verifyMany([without(world.newer)], many({ level: 'full' }));
  const status = await backupStatus(
    {
      profile: 'test',
      now: new Date(),
      state: async () => world.pool,
      destinations: [
        {
          name: 'offsite',
          required: true,
          lock: 0,
          price: undefined,
          open: async () => without(world.newer),
        },
      ],
      keep: { last: 1, daily: 0, weekly: 0, monthly: 0, yearly: 0 },
      recipients: [],
    },
    { limits: { age: 86_400_000 }, stores: 'ask' },
  );
  expect(status.destinations[0]).toMatchObject({
    lastSet: { setId: world.older },
    problems: [{ verdict: 'stale', message: expect.stringContaining(world.newer) }],
  });
});
