// Kind 9: hosts whose clocks disagree by an hour or by a year. Sets are made by a right clock, unless told.
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { listSets } from '../../../src/lib/backup/list.ts';
import { backupRestore } from '../../../src/lib/backup/restore/kind.ts';
import { planRestore } from '../../../src/lib/backup/restore/plan-restore.ts';
import { runBackup } from '../../../src/lib/backup/run.ts';
import { verifySet } from '../../../src/lib/backup/verify/index.ts';
import { silentProgress } from '../../../src/lib/base/progress.ts';
import { applyPlan } from '../../../src/lib/operation/apply.ts';
import { savePlan } from '../../../src/lib/operation/plan-store.ts';
import { type BackupWorld, backupWorld, destinationOf } from '../../support/backup-world.ts';
import { type TestDatabase, testDatabase } from '../../support/postgres.ts';
import { failsCleanly } from '../fails-cleanly.ts';
import { sql } from '../round-trip.ts';
import { pgDumpOfNothing } from './no-schema.ts';

const minute = 60_000;
const hour = 60 * minute;
const year = 365 * 24 * hour;
let platform: TestDatabase;
let world: BackupWorld;
let setId: string;

beforeAll(async () => {
  platform = await testDatabase();
  await sql(platform.url, 'create table t (id int primary key); insert into t select generate_series(1, 10)');
  // The keys are older than any clock here is behind, but for the year.
  hostIsOffBy(-24 * hour);
  world = await backupWorld({ platformUrl: platform.url });
  vi.useRealTimers();
  ({ setId } = await runBackup(run()));
});

afterEach(() => {
  vi.useRealTimers();
});

afterAll(async () => {
  await world?.close();
  await platform?.drop();
});

/** From here on this process believes that it is earlier or later; the databases and the store's clock do not. */
function hostIsOffBy(milliseconds: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + milliseconds });
}
const run = (pgDump?: string) =>
  world.context({
    destinations: [destinationOf(world.sets, { lock: { mode: 'governance', duration: 24 * hour } })],
    options: { workers: 1, level: 1, ...(pgDump !== undefined && { pgDump }) },
  });
const verify = (id = setId) =>
  verifySet(world.sets, id, {
    level: 'full',
    keys: world.secretKeys,
    workers: 1,
    signal: new AbortController().signal,
    progress: silentProgress,
  });

async function restore(id: string, database: string): Promise<void> {
  const context = await world.restoreContext({ workers: 1 });
  const plan = await planRestore(context, id, { database });
  await savePlan(context, plan);
  await applyPlan(context, backupRestore, plan.id);
  expect(
    await sql(new URL(`/${database}`, platform.url).toString(), 'select count(*)::int as n from t'),
  ).toEqual([{ n: 10 }]);
  await sql(platform.url, `drop database ${database}`);
}

test.each([
  ['an hour behind', -hour],
  ['an hour ahead', hour],
  ['a year ahead', year],
])('a host that is %s verifies a set of today', async (_, off) => {
  hostIsOffBy(off);
  expect(await verify()).toMatchObject({ findings: [], rows: 10 });
});

test('a host that is an hour behind or a year ahead restores a set of today', async () => {
  for (const off of [-hour, year]) {
    hostIsOffBy(off);
    await restore(setId, 'restored_elsewhen');
  }
});

test.each([
  ['50 minutes behind', -50 * minute],
  ['50 minutes ahead', 50 * minute],
])('a host that is %s makes sets that hosts with a right clock verify', async (_, off) => {
  hostIsOffBy(off);
  const made = await runBackup(run(await pgDumpOfNothing(world.folder)));
  vi.useRealTimers();
  expect(await verify(made.setId)).toMatchObject({ findings: [], rows: 10 });
  await sql(world.stateUrl, `delete from postern.backup_copy where set_id = '${made.setId}'`);
  await sql(world.stateUrl, `delete from postern.backup_set where set_id = '${made.setId}'`);
});

test.each([
  ['70 minutes behind', -70 * minute],
  ['70 minutes ahead', 70 * minute],
  ['a year behind', -year],
  ['a year ahead', year],
])('a host that is %s makes no set', async (_, off) => {
  hostIsOffBy(off);
  const before = await listSets(world.sets);
  await failsCleanly(runBackup(run()), { exitCode: 1, code: 'clock-skewed' });
  expect(await listSets(world.sets)).toEqual(before);
});

test('a host that is a year behind takes a signature of today for none, and restores nothing', async () => {
  hostIsOffBy(-year);
  const { findings } = await verify();
  expect(findings).toMatchObject([
    { kind: 'signature', file: 'SHA256SUMS.asc', message: expect.stringContaining('clock') },
  ]);
  await expect(restore(setId, 'never_made')).rejects.toMatchObject({
    exitCode: 5,
    code: 'signature-invalid',
    message: expect.stringContaining('clock'),
    hints: [expect.stringContaining('timedatectl')],
  });
});
