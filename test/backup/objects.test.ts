import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { runBackup } from '../../src/lib/backup/run.ts';
import { type ObjectsPlatform, type ObjectsWorld, objectsPlatform, partSize } from './objects-world.ts';
import { contentsOf, emptyStore, restored } from './restored-objects.ts';
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

test('the first set holds every object, the next one only what is new or changed, and both restore', async () => {
  await world.mailed('a/1.eml', 'first');
  await world.mailed('a/2.eml', 'second');
  await world.mailed('a/unreferenced', 'nobody names it');
  await world.named('a/1.eml', 'a/2.eml');
  const full = await runBackup(world.context());
  expect(full.objects).toMatchObject({
    mode: 'full',
    base: [],
    count: 3,
    stored: 3,
    referenced: 2,
    unreferenced: 1,
  });

  await world.mailed('a/2.eml', 'second, changed');
  await world.mailed('a/3.eml', 'third');
  await world.named('a/3.eml');
  const next = await runBackup(world.context());
  expect(next.objects).toMatchObject({
    mode: 'incremental',
    base: [full.setId],
    count: 4,
    stored: 2,
    referenced: 3,
  });

  expect(await world.verify(full.setId)).toEqual([]);
  expect(await world.verify(next.setId)).toEqual([]);
  const store = await emptyStore(world);
  expect(await restored(world, next.setId, store)).toMatchObject({ objects: 4, stored: 4, missing: 0 });
  expect(await contentsOf(store)).toEqual(await contentsOf(world.mail));
  // Done twice is done once.
  expect(await restored(world, next.setId, store)).toMatchObject({ objects: 4, stored: 0 });
  const older = await emptyStore(world, 'older');
  await restored(world, full.setId, older);
  expect(Buffer.from(await older.get('a/2.eml')).toString()).toBe('second');
});

test('an increment without anything new stores no archive', async () => {
  await world.mailed('a', 'x');
  await runBackup(world.context());
  const { setId, objects } = await runBackup(world.context());
  expect(objects).toMatchObject({ mode: 'incremental', count: 1, stored: 0 });
  const manifest = await world.manifest(setId);
  expect(manifest.files.filter(({ kind }) => kind === 'objects')).toEqual([]);
  expect(manifest.objects).toMatchObject({ archiveSize: 0 });
  expect(await world.verify(setId)).toEqual([]);
});

test('an object that is larger than several parts comes back equal, and so do its neighbours', async () => {
  const large = randomBytes(partSize * 40 + 77);
  await world.mailed('a', '');
  await world.mailed('b', large);
  await world.mailed('c', randomBytes(partSize));
  await world.mailed('d', 'small');
  const { setId } = await runBackup(world.context());
  const manifest = await world.manifest(setId);
  expect(manifest.files.filter(({ kind }) => kind === 'objects').length).toBeGreaterThan(40);
  expect(await world.verify(setId)).toEqual([]);
  const store = await emptyStore(world);
  await restored(world, setId, store);
  expect(await contentsOf(store)).toEqual(await contentsOf(world.mail));
});

test('keys that are hard to be a file come back as they were', async () => {
  const keys = [
    '/leading',
    'a',
    'a-b',
    'a/b',
    'double//slash',
    'line\nfeed\ttab',
    'ein Fräulein/über 😀/x',
    'k'.repeat(1000),
    `${'深'.repeat(100)}/${'い'.repeat(100)}`,
    'quote\'"\\x',
    'trailing/',
    '\u{feff}bom',
  ];
  for (const key of keys) await world.mailed(key, `body of ${key}`);
  await world.named(...keys);
  const { setId, objects } = await runBackup(world.context());
  expect(objects).toMatchObject({ count: keys.length, referenced: keys.length, missing: { absent: 0 } });
  const sorted = keys.toSorted((x, y) => Buffer.compare(Buffer.from(x), Buffer.from(y)));
  expect((await world.index(setId)).map(({ key }) => key)).toEqual(sorted);
  expect(await world.verify(setId)).toEqual([]);
  const store = await emptyStore(world);
  await restored(world, setId, store);
  expect(await contentsOf(store)).toEqual(await contentsOf(world.mail));
  expect((await runBackup(world.context())).objects).toMatchObject({ stored: 0, count: keys.length });
});

test('content type and metadata come back, also from an earlier set', async () => {
  await world.mail.put('x', Buffer.from('x'), { contentType: 'message/rfc822', metadata: { tenant: '7' } });
  await runBackup(world.context());
  await world.mailed('y', 'y');
  const { setId } = await runBackup(world.context());
  const store = await emptyStore(world);
  await restored(world, setId, store);
  expect(await store.head('x')).toMatchObject({ contentType: 'message/rfc822', metadata: { tenant: '7' } });
});

test('a target that has something else under a key keeps it, and all other objects are restored', async () => {
  await world.mailed('a', 'from the set');
  await world.mailed('b', 'b');
  const { setId } = await runBackup(world.context());
  const target = await emptyStore(world);
  await target.put('a', Buffer.from('somebody else'));
  await expect(restored(world, setId, target)).rejects.toMatchObject({ exitCode: 6, code: 'object-differs' });
  expect([...(await contentsOf(target)).values()]).toEqual(
    ['somebody else', 'b'].map((text) => Buffer.from(text).toString('hex')),
  );
});

test('the clear part of a set names the sets that it builds upon, and so does the state database', async () => {
  await world.mailed('a', 'x');
  const { setId: full } = await runBackup(world.context());
  const { setId } = await runBackup(world.context());
  const { set } = await (await world.reader()).openSet(setId);
  expect(set.stub.base).toEqual([full]);
  const rows = await sql(
    world.stateUrl,
    `select base from postern.backup_object_set where set_id = '${setId}'`,
  );
  expect(rows).toEqual([{ base: [full] }]);
});
