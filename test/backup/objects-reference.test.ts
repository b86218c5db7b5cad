import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { runBackup } from '../../src/lib/backup/run.ts';
import { silentProgress } from '../../src/lib/base/progress.ts';
import { parseObjectKey } from '../../src/lib/platform/map/index.ts';
import { platformSource } from '../support/backup-world.ts';
import { type ObjectsPlatform, type ObjectsWorld, objectsPlatform } from './objects-world.ts';
import { emptyStore, restored } from './restored-objects.ts';
import { sql } from './round-trip.ts';

let platform: ObjectsPlatform;
let world: ObjectsWorld;

beforeAll(async () => {
  platform = await objectsPlatform();
});

afterAll(() => platform?.close());

beforeEach(async () => {
  world = await platform.fresh();
});

test('an object that was deleted between the snapshot and the listing comes from below its delete marker', async () => {
  await world.mailed('kept', 'wanted');
  await world.mailed('forgotten', 'by everybody');
  await world.named('kept');
  await world.mail.delete('kept');
  await world.mail.delete('forgotten');
  const { setId, objects } = await runBackup(world.context());
  expect(objects).toMatchObject({ count: 1, missing: { absent: 0 } });
  expect(await world.index(setId)).toMatchObject([{ key: 'kept', deleted: true, referenced: true }]);
  const store = await emptyStore(world);
  await restored(world, setId, store);
  expect(Buffer.from(await store.get('kept')).toString()).toBe('wanted');
});

test('keys that rows refer to and the store lacks are listed as missing, counted and told', async () => {
  await world.mailed('m', 'there');
  await world.named('a lacking', 'm', 'z lacking', 'z lacking');
  const warnings: string[] = [];
  const progress = { ...silentProgress, warn: (line: string) => warnings.push(line) };
  const { setId, objects } = await runBackup(world.context({ progress }));
  expect(objects).toMatchObject({ count: 1, missing: { absent: 2, damaged: 0, name: 0 } });
  expect(warnings).toEqual([
    expect.stringMatching(/^2 mail objects that rows refer to are not in the store/),
  ]);
  expect(await world.index(setId)).toMatchObject([
    { key: 'a lacking', missing: true, reason: 'absent' },
    { key: 'm', referenced: true },
    { key: 'z lacking', missing: true },
  ]);
  expect(await world.verify(setId)).toEqual([]);
});

test('a row whose column of the object is null has none', async () => {
  await sql(
    world.platformUrl,
    `create table mail (id int, raw_key text); insert into mail values (1, null), (2, 'elsewhere'), (3, null)`,
  );
  const key = parseObjectKey('raw/{id}.eml') ?? [];
  const reference = { table: 'public.mail', bucket: 'mail', key, column: 'raw_key' };
  const source = { ...platformSource(world.platformUrl), objectKeys: [reference] };
  const { objects } = await runBackup(world.context({ sources: [source] }));
  expect(objects?.missing).toMatchObject({ absent: 1 });
  const wrong = { ...source, objectKeys: [{ ...reference, column: 'gone' }] };
  await expect(runBackup(world.context({ sources: [wrong] }))).rejects.toMatchObject({
    code: 'object-map-stale',
  });
});

test('a bucket that rows refer to and the profile leaves out is told at every run', async () => {
  const warnings: string[] = [];
  const progress = { ...silentProgress, warn: (line: string) => warnings.push(line) };
  const { objects: left, ...context } = world.context({ progress });
  expect(left?.buckets).toHaveLength(1);
  const { setId, objects } = await runBackup(context);
  expect(objects).toBeNull();
  expect(warnings).toEqual([expect.stringMatching(/the bucket mail, which backup.objects does not name/)]);
  expect(await world.verify(setId)).toEqual([]);
});

test('a map that names what the database lacks stops the run before its first byte', async () => {
  const source = {
    ...platformSource(world.platformUrl),
    objectKeys: [{ table: 'public.message', bucket: 'mail', key: parseObjectKey('{nothing}') ?? [] }],
  };
  await expect(runBackup(world.context({ sources: [source] }))).rejects.toMatchObject({
    exitCode: 2,
    code: 'object-map-stale',
  });
});
