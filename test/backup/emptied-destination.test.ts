import { readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Destination, unusable } from '../../src/lib/backup/destination.ts';
import { listSets } from '../../src/lib/backup/list.ts';
import { previewBackup } from '../../src/lib/backup/preview.ts';
import { runBackup } from '../../src/lib/backup/run.ts';
import { failure } from '../../src/lib/base/error.ts';
import { openLocalObjectStore } from '../../src/lib/cloud/local/object-store.ts';
import { type BackupChanges, type BackupWorld, backupWorld, destinationOf } from '../support/backup-world.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { sql } from './round-trip.ts';

let platform: TestDatabase;
let world: BackupWorld;
let disk: string;
let warnings: string[];

beforeAll(async () => {
  platform = await testDatabase();
  await sql(platform.url, 'create table person (id int primary key); insert into person values (1)');
  world = await backupWorld({ platformUrl: platform.url });
});
beforeEach(async () => {
  disk = join(world.folder, 'disk');
  warnings = [];
});
afterEach(async () => {
  await sql(world.stateUrl, 'truncate postern.backup_set cascade');
  await rename(disk, join(world.folder, `unmounted-${Math.random()}`)).catch(() => {});
});
afterAll(async () => {
  await world?.close();
  await platform?.drop();
});

/** As a new process opens it. */
const onDisk = async (changes: Partial<Destination> = {}): Promise<Destination> =>
  destinationOf(world.sets, { name: 'disk', store: await openLocalObjectStore({ path: disk }), ...changes });

const elsewhere = () =>
  destinationOf({ ...world.sets, prefix: `${Math.random().toString(36).slice(2)}/test/` });

const run = (destinations: readonly Destination[], changes: BackupChanges = {}) =>
  runBackup(
    world.context({
      destinations,
      progress: { ...world.context().progress, warn: (line) => void warnings.push(line) },
      ...changes,
    }),
  );

const copies = () =>
  sql(
    world.stateUrl,
    `select destination, c.state from postern.backup_set s join postern.backup_copy c using (set_id)
     order by started_at, destination`,
  );

const gone = failure('opening the object store failed: no such disk', { code: 'store-unreachable' });

test('a destination that cannot be opened is a failed copy: optional, it is a warning', async () => {
  const lost = unusable(await onDisk({ required: false }), gone);
  const result = await run([elsewhere(), lost]);
  expect(result.destinations).toMatchObject([
    { state: 'complete' },
    { name: 'disk', state: 'failed', reason: gone.message, location: expect.stringContaining(disk) },
  ]);
  expect(warnings).toEqual([`disk is given up, the others go on: ${gone.message}`]);
  expect(await copies()).toEqual([
    { destination: 'disk', state: 'failed' },
    { destination: 'offsite', state: 'complete' },
  ]);
});

test('required, the others get the set, and the run ends with exit 7; with none left, it fails', async () => {
  const lost = unusable(await onDisk(), gone);
  const other = elsewhere();
  await expect(run([lost, other])).rejects.toMatchObject({ exitCode: 7, code: 'destination-lacks-set' });
  expect(await listSets({ ...world.sets, prefix: other.prefix })).toMatchObject([{ isComplete: true }]);
  await expect(run([lost])).rejects.toMatchObject({ code: 'store-unreachable', exitCode: 1 });
  expect(await copies()).toMatchObject([
    { destination: 'disk', state: 'failed' },
    { destination: 'offsite', state: 'complete' },
    { destination: 'disk', state: 'failed' },
  ]);
});

test('what was open there is not settled by a store that nobody could ask', async () => {
  await sql(
    world.stateUrl,
    `insert into postern.backup_set (set_id, profile, started_at) values ('20260101T000000Z-00000001', 'test', '2026-01-01');
     insert into postern.backup_copy (set_id, destination, location, is_required)
       values ('20260101T000000Z-00000001', 'disk', 'x', true)`,
  );
  await run([elsewhere(), unusable(await onDisk({ required: false }), gone)]);
  expect((await copies())[0]).toEqual({ destination: 'disk', state: 'running' });
});

test('the first run makes its store; a store that is empty although sets were put there is refused', async () => {
  await run([await onDisk()]);
  await rename(disk, `${disk}-unmounted`);
  const other = elsewhere();
  await expect(run([await onDisk(), other])).rejects.toMatchObject({
    exitCode: 7,
    message: expect.stringMatching(
      /not, as far as is known, at disk: there is nothing at file:.*1 set was put/,
    ),
    hints: expect.arrayContaining([
      expect.stringContaining('mount'),
      expect.stringContaining('--accept-new-store disk'),
    ]),
  });
  await expect(run([await onDisk()])).rejects.toMatchObject({ exitCode: 6, code: 'destination-empty' });
  await expect(readdir(disk), 'no store is made in passing').rejects.toMatchObject({ code: 'ENOENT' });
  expect((await previewBackup(world.context({ destinations: [await onDisk()] }))).destinations).toMatchObject(
    [{ name: 'disk', problem: expect.stringContaining('there is nothing at') }],
  );
  await rename(`${disk}-unmounted`, disk);
  await expect(run([await onDisk()])).resolves.toMatchObject({ destinations: [{ state: 'complete' }] });
  expect(warnings.filter((line) => line.includes('nothing at'))).toHaveLength(1);
});

test('a probe of doctor on the disk underneath is no set', async () => {
  await run([await onDisk()]);
  await rename(disk, `${disk}-${Math.random()}`);
  const { store, prefix } = await onDisk();
  await store.put(`${prefix}probe/20260601`, Buffer.from('probe'));
  await expect(run([await onDisk()])).rejects.toMatchObject({ code: 'destination-empty' });
});

test('a new store is accepted by name, once, and its lost sets count nowhere any more', async () => {
  await run([await onDisk()]);
  await rename(disk, `${disk}-${Math.random()}`);
  await run([await onDisk()], { acceptedNewStores: ['disk'] });
  expect(await copies()).toEqual([
    { destination: 'disk', state: 'pruned' },
    { destination: 'disk', state: 'complete' },
  ]);
  expect(warnings).toEqual([expect.stringContaining('disk begins anew')]);
  expect(
    await sql(
      world.stateUrl,
      `select body::jsonb -> 'detail' -> 'newStores' as anew from postern.audit_entry
       where body::jsonb ->> 'event' = 'intent' order by seq desc limit 1`,
    ),
  ).toEqual([{ anew: ['disk'] }]);
  await run([await onDisk()], { acceptedNewStores: ['disk'] });
  expect((await copies()).slice(1)).toMatchObject([{ state: 'complete' }, { state: 'complete' }]);
});

test.each([
  ['sets that were pruned', `update postern.backup_copy set state = 'pruned'`],
  ['sets that were put elsewhere', `update postern.backup_copy set location = 's3://elsewhere/' || set_id`],
])('%s are not missed', async (_, change) => {
  await run([await onDisk()]);
  await rename(disk, `${disk}-${Math.random()}`);
  await sql(world.stateUrl, change);
  await expect(run([await onDisk()])).resolves.toMatchObject({ destinations: [{ state: 'complete' }] });
});
