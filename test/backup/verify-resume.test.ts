import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { egressBudget, verifyMany } from '../../src/lib/backup/verify/index.ts';
import { silentProgress } from '../../src/lib/base/progress.ts';
import { flipped } from './altered-store.ts';
import { sql } from './round-trip.ts';
import { coverUp, type VerifyWorld, verifyWorld, watched } from './verify-world.ts';

let world: VerifyWorld;
let whole: Awaited<ReturnType<VerifyWorld['verify']>>;

beforeAll(async () => {
  world = await verifyWorld();
  whole = await world.verify();
});

beforeEach(() => world.forget());

afterAll(() => world?.close());

const half = () => Math.floor(whole.egress / 2);

test('a run reads no byte beyond the egress cap, says what remains, and is on record as incomplete', async () => {
  for (const cap of [half(), whole.egress - 1]) {
    const result = await world.verify({ egress: egressBudget(cap) });
    expect(result).toMatchObject({ outcome: 'incomplete', findings: [] });
    expect(result.egress).toBeLessThanOrEqual(cap);
    expect(result.remaining.files).toBeGreaterThan(0);
    expect(result.checked.files + result.remaining.files).toBe(whole.checked.files);
  }
  const [{ outcome } = { outcome: '' }] = await sql(
    world.stateUrl,
    'select outcome from postern.backup_check order by check_id desc limit 1',
  );
  expect(outcome).toBe('incomplete');
  expect(await world.verify({ egress: egressBudget(whole.egress) })).toMatchObject({ outcome: 'passed' });
});

test('a cap below the list of the set itself ends with 4 before anything is judged', async () => {
  await expect(world.verify({ egress: egressBudget(10) })).rejects.toMatchObject({
    exitCode: 4,
    code: 'egress-cap',
  });
});

test('an interrupted run is gone on with: what was good is not read again, and every table still adds up', async () => {
  const first = await world.verify({ egress: egressBudget(half()) });
  const second = await world.verify({ mode: 'resume' });
  expect(second).toMatchObject({ outcome: 'passed', findings: [], rows: whole.rows });
  expect(second.skipped.files).toBeGreaterThan(0);
  // The list and the manifest are read by every run.
  expect(first.checked.files + second.checked.files).toBe(whole.checked.files + 2);
  expect(second.egress).toBeLessThan(whole.egress);
  expect(second.notes).toEqual([expect.stringContaining(`${second.skipped.files} files were good then`)]);
  // That one came to its end: nothing is left to go on with.
  expect((await world.verify({ mode: 'resume' })).skipped.files).toBe(0);
});

test('a run that was stopped by a signal is gone on with as well', async () => {
  const stop = new AbortController();
  let opened = 0;
  const store = {
    ...world.sets.store,
    open: async (...args: Parameters<typeof world.sets.store.open>) => {
      if (args[0].includes('/30-data/') && ++opened === 3) stop.abort();
      return world.sets.store.open(...args);
    },
  };
  const stopped = world.verify({ sets: { ...world.sets, store }, signal: stop.signal });
  await expect(stopped).rejects.toThrow();
  expect(await world.verify({ mode: 'resume' })).toMatchObject({ outcome: 'passed', rows: whole.rows });
  expect(
    (
      await sql(
        world.stateUrl,
        'select outcome, detail from postern.backup_check order by check_id desc limit 2',
      )
    )[1],
  ).toEqual({
    outcome: 'incomplete',
    detail: { reason: 'interrupted' },
  });
});

test('a run that is begun anew reads everything again', async () => {
  await world.verify({ egress: egressBudget(half()) });
  expect(await world.verify()).toMatchObject({ skipped: { files: 0 }, checked: whole.checked });
});

test('damage that the first run found is found again by the run that goes on', async () => {
  const sets = await world.copy();
  const key = world.key(world.part);
  await sets.store.put(key, flipped(await sets.store.get(key), -1));
  const first = await world.verify({ sets, egress: egressBudget(whole.egress - 1) });
  const second = await world.verify({ sets, mode: 'resume' });
  for (const { findings } of [first, second])
    expect(findings).toMatchObject([{ kind: 'shadowed', file: world.part }]);
});

test('a wrong sum of a table is found also when its parts were read by different runs', async () => {
  await world.verify({ egress: egressBudget(half()) });
  await sql(
    world.stateUrl,
    `update postern.backup_file_check set checksum = repeat('0', 32) where file = '${world.part}'`,
  );
  expect((await world.verify({ mode: 'resume' })).findings).toMatchObject([
    { kind: 'contents', file: null, message: expect.stringContaining('rows with checksum') },
  ]);
});

test('what was only read is opened once a key is at hand; what has another hash is read again', async () => {
  await world.verify({ egress: egressBudget(half()), keys: undefined });
  const opened = await world.verify({ mode: 'resume' });
  expect(opened).toMatchObject({ rows: whole.rows, findings: [] });
  expect(opened.skipped.files).toBeLessThanOrEqual(3);
  await world.forget();
  await world.verify({ egress: egressBudget(half()) });
  await sql(world.stateUrl, `update postern.backup_file_check set sha256 = repeat('0', 64)`);
  expect(await world.verify({ mode: 'resume' })).toMatchObject({ skipped: { files: 0 }, findings: [] });
});

test('without a state database it works as before, and cannot go on', async () => {
  const egress = egressBudget(half());
  expect(await world.verify({ state: undefined, egress })).toMatchObject({ outcome: 'incomplete' });
  expect(await world.verify({ state: undefined, mode: 'resume' })).toMatchObject({
    skipped: { files: 0 },
    outcome: 'passed',
  });
});

test('all sets under one cap: the run that goes on passes over what is finished', async () => {
  const options = {
    which: 'all' as const,
    level: 'full' as const,
    keys: world.secretKeys,
    workers: 1,
    signal: new AbortController().signal,
    progress: silentProgress,
    state: world.pool,
  };
  const first = await verifyMany([world.sets], { ...options, egress: egressBudget(whole.egress + 1000) });
  expect(first.results[0]).toMatchObject({ setId: world.newer, outcome: 'passed' });
  expect([
    ...first.remaining.map(({ setId }) => setId),
    first.failures[0]?.setId,
    first.results[1]?.setId,
  ]).toContain(world.older);
  const second = await verifyMany([world.sets], { ...options, mode: 'resume' });
  expect(second).toMatchObject({
    skipped: [{ destination: 'offsite', setId: world.newer }],
    results: [{ setId: world.older, outcome: 'passed', rows: whole.rows }],
    failures: [],
  });
  const third = await verifyMany([world.sets], { ...options, mode: 'resume' });
  expect(third.results).toHaveLength(2);
});

test('progress comes to exactly its total, also with files that are covered up or read before', async () => {
  const sets = await world.copy();
  await coverUp(sets.store, world.key(world.part), 'written');
  for (const run of [
    () => ({ sets }),
    () => ({ egress: egressBudget(whole.egress - 1) }),
    () => ({ mode: 'resume' as const }),
  ]) {
    const progress = watched();
    await world.verify({ ...run(), progress });
    for (const { total, done } of progress.steps) expect(done).toBeLessThanOrEqual(total);
  }
  const progress = watched();
  await world.verify({ progress });
  expect(progress.steps.map(({ total, done }) => total === done)).toEqual([true]);
});
