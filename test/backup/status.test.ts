import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { listDestination } from '../../src/lib/backup/list-destination.ts';
import type { Limits } from '../../src/lib/backup/status/assess.ts';
import { statusGauges } from '../../src/lib/backup/status/gauges.ts';
import type { BackupStatusResult, DestinationStatus } from '../../src/lib/backup/status/results.ts';
import { backupStatus, type WatchContext } from '../../src/lib/backup/status/status.ts';
import { failure } from '../../src/lib/base/error.ts';
import { silentProgress } from '../../src/lib/base/progress.ts';
import { statusText } from '../../src/lib/cli/backup-status-text.ts';
import { generateKeyPair } from '../../src/lib/crypto/openpgp-key.ts';
import { withJobLock } from '../../src/lib/state/job-lock.ts';
import { addCheck, day, idOf, now, type PruneWorld, pruneWorld } from './prune-world.ts';

const [older, latest] = [idOf('2026-05-23'), idOf('2026-05-30')];
let world: PruneWorld;

beforeEach(async () => {
  world = await pruneWorld();
});
afterEach(() => world.close());

type Watched = WatchContext['destinations'][number];

const offsite = (changes: Partial<Watched> = {}): Watched => ({
  name: 'offsite',
  required: true,
  lock: 0,
  price: undefined,
  open: async () => ({ store: world.store, prefix: 'offsite/test/' }),
  ...changes,
});

const status = (
  limits: Partial<Limits> = {},
  context: Partial<WatchContext> = {},
  stores: 'ask' | 'do not ask' = 'ask',
): Promise<BackupStatusResult> =>
  backupStatus(
    {
      profile: 'test',
      now,
      state: async () => world.state.pool,
      destinations: [offsite()],
      keep: { last: 0, daily: 0, weekly: 0, monthly: 0, yearly: 0 },
      recipients: [],
      ...context,
    },
    { limits: { age: 8 * day, ...limits }, stores },
  );

const messages = ({ destinations }: BackupStatusResult) =>
  destinations.flatMap(({ problems }) => problems.map(({ message }) => message));

const only = ({ destinations: [first] }: BackupStatusResult): DestinationStatus => {
  if (first === undefined) throw new Error('there is no destination');
  return first;
};

test('a young set in the store is fresh, with its age from the beginning of its run', async () => {
  await world.addSet(older);
  await world.addSet(latest);
  const result = await status();
  expect(result).toMatchObject({ verdict: 'fresh', profile: 'test' });
  expect(only(result)).toMatchObject({
    lastSet: { setId: latest, startedAt: '2026-05-30T02:00:00.000Z', ageSeconds: 2 * 86_400 + 36_000 },
    lastFailure: null,
    sets: 2,
    bytes: 2000,
    problems: [],
    keyrings: 2,
    store: 'asked',
  });
});

test('a set older than the limit is stale', async () => {
  await world.addSet(older);
  const result = await status();
  expect(result.verdict).toBe('stale');
  expect(messages(result)).toEqual(['the last complete set is 9 d 10 h old, and 8 d is the limit']);
});

test('never a set is unknown, and so is never a check that is limited', async () => {
  expect(await status()).toMatchObject({ verdict: 'unknown' });
  await world.addSet(latest);
  await addCheck(world.state, latest, { kind: 'verify', level: 'head' });
  expect(await status()).toMatchObject({ verdict: 'fresh' });
  const asked = await status({ verifyAge: 35 * day, drillAge: 100 * day });
  expect(asked.verdict).toBe('unknown');
  expect(messages(asked)).toEqual(['no verification of contents yet', 'no drill yet']);
});

test('checks that are too old are stale, young ones fresh, and a drill tells how long a restore takes', async () => {
  await world.addSet(older);
  await world.addSet(latest);
  await addCheck(world.state, older, { kind: 'verify', level: 'sample=5%', at: '2026-05-01T00:00:00Z' });
  await addCheck(world.state, older, { kind: 'drill', at: '2026-03-01T00:00:00Z' });
  const result = await status({ verifyAge: 35 * day, drillAge: 100 * day });
  expect(result.verdict).toBe('fresh');
  expect(only(result)).toMatchObject({
    verified: { setId: older, level: 'sample=5%', ageSeconds: 31.5 * 86_400 },
    drilled: { setId: older, rtoSeconds: 600 },
  });
  await world.state.pool.query(
    `insert into postern.backup_check (profile, set_id, destination, kind, outcome, started_at, finished_at, detail)
     values ('test', $1, 'offsite', 'drill', 'passed', '2026-02-01', '2026-02-02', '{"rtoSeconds": 84.5}')`,
    [latest],
  );
  expect(only(await status())).toMatchObject({ drilled: { setId: older, rtoSeconds: 600 } });
  await world.state.pool.query(
    `insert into postern.backup_check (profile, set_id, destination, kind, outcome, started_at, finished_at, detail)
     values ('test', $1, 'offsite', 'drill', 'passed', '2026-03-01', '2026-03-01 00:30', '{"rtoSeconds": 84.5}')`,
    [latest],
  );
  expect(only(await status())).toMatchObject({ drilled: { setId: latest, rtoSeconds: 84.5 } });
  expect(messages(await status({ verifyAge: 30 * day, drillAge: 90 * day }))).toEqual([
    'the last verification of contents is 31 d 12 h old, and 30 d is the limit',
    'the last drill is 92 d 12 h old, and 90 d is the limit',
  ]);
});

test('a set whose manifest is gone from the store is not counted, and is told', async () => {
  await world.addSet(older);
  await world.addSet(latest, { manifest: 'no' });
  const result = await status({ age: 30 * day });
  expect(result.verdict).toBe('stale');
  expect(messages(result)).toEqual([`the manifest of ${latest} is gone from the store`]);
  expect(only(result).lastSet).toMatchObject({ setId: older });
  const unasked = await status({ age: 30 * day }, {}, 'do not ask');
  expect(only(unasked)).toMatchObject({ lastSet: { setId: latest }, store: 'not asked', keyrings: null });
});

test('what is gone from the store is not counted, and neither is a look at it', async () => {
  const lost = idOf('2026-05-29');
  for (const setId of [older, lost, latest]) await world.addSet(setId);
  await addCheck(world.state, older, { kind: 'verify', level: 'full', at: '2026-05-24T05:00:00Z' });
  for (const kind of ['verify', 'drill'] as const)
    await addCheck(world.state, lost, { kind, level: 'full', at: '2026-05-31T05:00:00Z' });
  const before = await status({ verifyAge: 7 * day, drillAge: 7 * day });
  expect(before.verdict).toBe('fresh');
  await rm(
    join(world.storePath, `versions/offsite/test/${lost.toLowerCase().replaceAll(/[tz]/g, (c) => `^${c}`)}`),
    {
      recursive: true,
    },
  );
  const result = await status({ verifyAge: 7 * day, drillAge: 7 * day });
  expect(only(result)).toMatchObject({
    sets: 2,
    bytes: 2000,
    missing: 1,
    verified: { setId: older },
    drilled: null,
    lastSet: { setId: latest },
  });
  expect(messages(result)).toEqual([
    'the last verification of contents is 8 d 7 h old, and 7 d is the limit',
    'no drill yet',
  ]);
  expect(statusText(result)).toContain('missing       1, gone from the store');
  const unasked = await status({ verifyAge: 7 * day }, {}, 'do not ask');
  expect(only(unasked)).toMatchObject({ sets: 3, missing: null, verified: { setId: lost } });
  await world.state.pool.query(`update postern.backup_copy set state = 'pruned' where set_id = $1`, [lost]);
  expect(only(await status({}, {}, 'do not ask'))).toMatchObject({ sets: 2, verified: { setId: older } });
});

test('of sets that were verified all together, the newest counts, with the time of its own check', async () => {
  await world.addSet(older);
  await world.addSet(latest);
  await addCheck(world.state, latest, { kind: 'verify', level: 'full', at: '2026-05-30T05:00:00Z' });
  await addCheck(world.state, older, { kind: 'verify', level: 'full', at: '2026-05-31T05:00:00Z' });
  const result = await status({ verifyAge: 2 * day });
  expect(only(result)).toMatchObject({ verified: { setId: latest, at: '2026-05-30T05:00:00.000Z' } });
  expect(result.verdict, 'a later look at an older set does not make it younger').toBe('stale');
});

test('the lock is the earliest of the data; mail objects that stay longer are told beside it', async () => {
  const [short, long] = [new Date('2026-08-01T00:00:00Z'), new Date('2026-09-01T00:00:00Z')];
  await world.addSet(latest, { manifest: 'no', lockedUntil: short });
  await world.put(`${latest}/objects/000001.tar.zst.pgp`, long);
  await world.put(`${latest}/manifest.json.pgp`, long);
  const result = await status();
  expect(only(result).lastSet).toMatchObject({
    lockedUntil: short.toISOString(),
    objectsLockedUntil: long.toISOString(),
  });
  expect(statusText(result)).toContain('locked        until 2026-08-01; mail objects until 2026-09-01');
  expect(statusGauges(result)).toContainEqual(
    expect.objectContaining({
      name: 'postern_backup_locked_until_timestamp_seconds',
      value: short.getTime() / 1000,
    }),
  );
  const sets = {
    destination: 'offsite',
    store: world.store,
    profile: 'test',
    prefix: 'offsite/test/',
    trustedSigners: [],
  };
  const listed = await listDestination(sets, { state: undefined, progress: silentProgress });
  expect(listed).toMatchObject([{ lockedUntil: short.toISOString() }]);
  const oneUnlocked = idOf('2026-05-31');
  await world.addSet(oneUnlocked, { lockedUntil: long, lockedFile: 'manifest.json.pgp' });
  expect(only(await status()).lastSet).toMatchObject({ setId: oneUnlocked, lockedUntil: null });
});

test('a keyring that is gone before its lock has ended, and that nobody pruned, is stale', async () => {
  await world.addSet(latest);
  const lockedKeyring = (until: string) =>
    world.state.pool.query('update postern.backup_copy set keyring_lock_until = $1', [until]);
  await lockedKeyring('2026-06-10');
  expect(await status()).toMatchObject({ verdict: 'fresh' });
  const name = `offsite/test/keyrings/${latest}/platform-00001-00001.sql.zst.pgp`;
  await world.store.put(`${name}.asc`, Buffer.from('a signature alone'));
  await world.store.delete(name);
  const result = await status();
  expect(result.verdict).toBe('stale');
  expect(messages(result)).toEqual([
    `the keyring of ${latest} is gone from the store, though locked until 2026-06-10`,
  ]);
  expect(await status({}, {}, 'do not ask')).toMatchObject({ verdict: 'fresh' });
  await lockedKeyring('2026-05-31');
  expect(await status(), 'its lock has ended').toMatchObject({ verdict: 'fresh' });
  await lockedKeyring('2026-06-10');
  await world.state.pool.query('update postern.backup_copy set keyring_pruned_at = $1', [now]);
  expect(await status(), 'it was pruned').toMatchObject({ verdict: 'fresh' });
});

test('a set that a verification found damaged is not counted until one passes again', async () => {
  await world.addSet(older);
  await world.addSet(latest);
  await addCheck(world.state, latest, {
    kind: 'verify',
    level: 'full',
    outcome: 'failed',
    at: '2026-05-30T05:00:00Z',
  });
  const result = await status({ age: 30 * day });
  expect(messages(result)).toEqual([`verification found ${latest} damaged`]);
  expect(only(result).lastSet).toMatchObject({ setId: older });
  await addCheck(world.state, latest, { kind: 'verify', level: 'full', at: '2026-05-31T05:00:00Z' });
  expect(only(await status())).toMatchObject({ verdict: 'fresh', lastSet: { setId: latest } });
});

test('a store that cannot be asked is unknown; stale stands above that', async () => {
  await world.addSet(latest);
  const open = async () => {
    throw failure('nobody answers at s3://bucket', { code: 'store-unreachable' });
  };
  const destinations = [offsite({ open })];
  const unknown = await status({}, { destinations });
  expect(unknown.verdict).toBe('unknown');
  expect(messages(unknown)).toEqual(['the store cannot be asked: nobody answers at s3://bucket']);
  expect(await status({ age: day }, { destinations })).toMatchObject({ verdict: 'stale' });
});

test('a state database that cannot be asked is unknown, and one that is not migrated an error', async () => {
  const state = (exitCode: 1 | 2) => async () => {
    throw Object.assign(failure('connection refused', { code: 'database-unreachable' }), { exitCode });
  };
  const result = await status({}, { state: state(1) });
  expect(result.verdict).toBe('unknown');
  expect(messages(result)).toEqual(['the state database cannot be asked: connection refused']);
  expect(statusGauges(result).map(({ name }) => name)).toEqual(['postern_backup_verdict']);
  const nothing = { sets: null, bytes: null, cost: null, lastSet: null, openRuns: null, missing: null };
  expect(only(result)).toMatchObject({ ...nothing, register: 'unreachable' });
  expect(statusText(result)).toMatchInlineSnapshot(`
    "test: unknown

    offsite: unknown
      unknown       the state database cannot be asked: connection refused
      last set      unknown
      verified      unknown
      drilled       unknown
      sets          unknown
      store         not asked"
  `);
  await expect(status({}, { state: state(2) })).rejects.toMatchObject({ exitCode: 2 });
});

test('only required destinations count, unless none is', async () => {
  await world.addSet(latest);
  const second = offsite({ name: 'second', required: false });
  expect(await status({}, { destinations: [offsite(), second] })).toMatchObject({
    verdict: 'fresh',
    destinations: [{ verdict: 'fresh' }, { name: 'second', verdict: 'unknown' }],
  });
  expect(await status({}, { destinations: [second] })).toMatchObject({ verdict: 'unknown' });
});

test('runs that failed since the last set are told, and so are runs that were killed or are under way', async () => {
  const [killed, running] = [idOf('2026-05-31'), idOf('2026-06-01')];
  await world.addSet(older, { registered: 'failed', manifest: 'no' });
  await world.addSet(latest);
  expect(only(await status())).toMatchObject({ lastFailure: null, openRuns: [] });
  await world.addSet(killed, { registered: 'failed', manifest: 'no' });
  await world.addSet(running, { registered: 'running', manifest: 'no' });
  expect(only(await status())).toMatchObject({
    verdict: 'fresh',
    lastFailure: { setId: killed },
    openRuns: [{ setId: running, state: 'dead' }],
  });
  await withJobLock(world.state.pool, 'backup test', async () => {
    expect(only(await status())).toMatchObject({ openRuns: [{ setId: running, state: 'under way' }] });
  });
});

test('a set from the future is unknown: a wrong clock must not keep it fresh', async () => {
  await world.addSet(idOf('2026-07-01'));
  const result = await status();
  expect(messages(result)).toEqual(['the last complete set is from the future: a clock is wrong']);
});

test('pruned sets do not count', async () => {
  await world.addSet(older);
  await world.addSet(latest);
  await world.state.pool.query(`update postern.backup_copy set state = 'pruned' where set_id = $1`, [latest]);
  expect(only(await status({ age: 30 * day }))).toMatchObject({ sets: 1, lastSet: { setId: older } });
});

test('growth, forecast and cost follow from the last sets, the rules and the price', async () => {
  const gib = 2 ** 30;
  for (const [index, date] of ['2026-05-09', '2026-05-16', '2026-05-23', '2026-05-30'].entries())
    await world.addSet(idOf(date), { bytes: (10 + index) * gib });
  const destinations = [offsite({ price: { perGibMonth: 0.01, currency: 'EUR' } })];
  const keep = { last: 4, daily: 0, weekly: 0, monthly: 0, yearly: 0 };
  const pruned = only(await status({}, { destinations, keep }));
  expect(pruned).toMatchObject({
    bytes: 46 * gib,
    growthBytesPerWeek: gib,
    cost: { amount: 0.46, currency: 'EUR' },
    // Four weeks from 13 GiB on: 14, 15, 16, 17.
    forecast: [
      { days: 30, sets: 4, bytes: 62 * gib, cost: 0.62 },
      { days: 90, sets: 4 },
      { days: 365, sets: 4 },
    ],
  });
  const all = only(await status({}, { destinations }));
  expect(all.forecast[0]).toEqual({ days: 30, sets: 8, bytes: (46 + 62) * gib, cost: 1.08 });
  const locked = only(await status({}, { destinations: [offsite({ lock: 90 * day })], keep }));
  expect(locked.forecast[2]?.sets).toBeGreaterThan(10);
  await world.state.pool.query(`update postern.backup_copy set state = 'pruned' where set_id <> $1`, [
    latest,
  ]);
  expect(only(await status())).toMatchObject({ growthBytesPerWeek: null, forecast: [], cost: null });
});

test('monitoring gets every number, and the person every line within 80 columns', async () => {
  await world.addSet(older, { bytes: 123_456_789_012 });
  await world.addSet(latest, { bytes: 125_456_789_012, lockedUntil: new Date('2027-05-30T02:00:00Z') });
  await addCheck(world.state, latest, { kind: 'verify', level: 'full', at: '2026-05-31T05:00:00Z' });
  await addCheck(world.state, latest, { kind: 'verify', level: 'head', at: '2026-06-01T05:00:00Z' });
  await addCheck(world.state, latest, { kind: 'drill', at: '2026-05-30T05:00:00Z' });
  const { publicKey } = await generateKeyPair({
    name: 'operations',
    email: 'operations@example.org',
    purpose: 'encrypt',
    now: new Date('2026-01-01T00:00:00Z'),
    expiresInDays: 365,
  });
  const result = await status(
    { age: day, verifyAge: 35 * day },
    {
      destinations: [offsite({ price: { perGibMonth: 0.0125, currency: 'EUR' } })],
      recipients: [{ name: 'backup-operations.pub.asc', armored: publicKey }],
    },
  );
  expect(result.nextExpiry).toEqual({
    recipient: 'backup-operations.pub.asc',
    at: '2027-01-01T00:00:00.000Z',
  });
  const gauges = Object.fromEntries(statusGauges(result).map(({ name, value }) => [name, value]));
  expect(gauges).toMatchObject({
    postern_backup_verdict: 3,
    postern_backup_age_seconds: 2 * 86_400 + 36_000,
    postern_backup_sets: 2,
    postern_backup_bytes: 248_913_578_024,
    postern_backup_rto_seconds: 600,
    postern_backup_drill_age_seconds: 2 * 86_400 + 25_200,
    postern_backup_verify_age_seconds: 86_400 + 25_200,
    postern_backup_locked_until_timestamp_seconds: Date.parse('2027-05-30T02:00:00Z') / 1000,
  });
  const text = statusText(result);
  expect(text.split('\n').filter((line) => line.length > 80)).toEqual([]);
  expect(text).toMatchInlineSnapshot(`
    "test: stale

    offsite: stale
      stale         the last complete set is 2 d 10 h old, and 1 d is the limit
      last set      20260530T020000Z-00000001, 2 d 10 h ago
      locked        until 2027-05-30
      verified      1 d 7 h ago, full; names and sizes 7 h ago
      drilled       2 d 7 h ago, restored in 10 min
      sets          2, 248.9 GB; a set grows by 2.0 GB a week
      cost          2.90 EUR a month
      in 30 d       6, 770.7 GB, 8.97 EUR a month
      in 90 d       15, 2.1 TB, 24.00 EUR a month
      in 365 d      54, 9.5 TB, 110.93 EUR a month
      keyrings      2

    the first recipient's key ends on 2027-01-01 (backup-operations.pub.asc)"
  `);
});
