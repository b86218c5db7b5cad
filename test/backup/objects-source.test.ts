import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { restoreObjects } from '../../src/lib/backup/objects/restore.ts';
import { runBackup } from '../../src/lib/backup/run.ts';
import { failure, integrityError } from '../../src/lib/base/error.ts';
import { silentProgress } from '../../src/lib/base/progress.ts';
import { openLocalObjectStore } from '../../src/lib/cloud/local/object-store.ts';
import type { ObjectStore, StoredObject } from '../../src/lib/cloud/object-store.ts';
import { parseObjectKey } from '../../src/lib/platform/map/index.ts';
import { platformSource } from '../support/backup-world.ts';
import { type ObjectsPlatform, type ObjectsWorld, objectsPlatform } from './objects-world.ts';
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

test('a key that no store could take back is told and stops nothing', async () => {
  await world.mailed('good', 'x');
  const hostile: ObjectStore = {
    ...world.mail,
    listVersions: async function* (prefix) {
      yield {
        key: 'a/../../etc/passwd',
        size: 1,
        modified: new Date(0),
        versionId: '1',
        isLatest: true,
        isDeleteMarker: false,
      };
      yield* world.mail.listVersions(prefix);
    },
  };
  const context = world.context({
    objects: { fullEvery: 1e9, buckets: [{ name: 'mail', store: hostile, prefix: '' }] },
  });
  const { setId, objects } = await runBackup(context);
  expect(objects).toMatchObject({ count: 1, missing: { name: 1 } });
  expect(await world.index(setId)).toMatchObject([
    { key: 'a/../../etc/passwd', reason: 'name' },
    { key: 'good' },
  ]);
});

/** The same without versions, as many stores are. */
function unversioned(store: ObjectStore): ObjectStore {
  const strip = ({ versionId: _versionId, ...rest }: StoredObject): StoredObject => rest;
  return {
    ...store,
    capabilities: async () => ({ ...(await store.capabilities()), versioning: false }),
    open: async (key, options) => {
      if (options?.versionId !== undefined) throw new Error('this store knows no versions');
      const { object, body } = await store.open(key);
      return { object: strip(object), body };
    },
    listVersions: () => {
      throw new Error('this store knows no versions');
    },
  };
}

test('a store without versions is read by size and time', async () => {
  const store = unversioned(world.mail);
  const changes = { objects: { fullEvery: 1e9, buckets: [{ name: 'mail', store, prefix: '' }] } };
  await world.mailed('a', 'one');
  await world.mailed('b', 'two');
  await runBackup(world.context(changes));
  await world.mailed('b', 'new');
  await world.named('a', 'b', 'c');
  const { setId, objects } = await runBackup(world.context(changes));
  expect(objects).toMatchObject({ count: 2, stored: 1, missing: { absent: 1 } });
  expect((await world.index(setId)).some((line) => 'versionId' in line)).toBe(false);
  const target = await emptyStore(world);
  await restored(world, setId, target);
  expect(await contentsOf(target)).toEqual(await contentsOf(world.mail));
});

test('two buckets, of one store or of two, keep their keys apart, and several databases may refer to both', async () => {
  const other = await openLocalObjectStore({ path: join(world.folder, 'files'), durability: 'fast' });
  await world.mailed('raw/1', 'raw one');
  await world.mailed('raw/2', 'raw two');
  await other.put('1', Buffer.from('file one'));
  await world.named('1', '3');
  await sql(
    world.platformUrl,
    `create table file (tenant int, name text); insert into file values (1, null), (1, '1')`,
  );
  const source = {
    ...platformSource(world.platformUrl),
    objectKeys: [
      { table: 'public.message', bucket: 'raw', key: parseObjectKey('{body}') ?? [] },
      { table: 'public.file', bucket: 'raw', key: parseObjectKey('{name}') ?? [] },
      { table: 'public.file', bucket: 'files', key: parseObjectKey('{name}') ?? [] },
    ],
  };
  const { setId, objects } = await runBackup(
    world.context({
      sources: [source, { ...source, name: 'calendar' }],
      objects: {
        fullEvery: 1e9,
        buckets: [
          { name: 'raw', store: world.mail, prefix: 'raw/' },
          { name: 'files', store: other, prefix: '' },
        ],
      },
    }),
  );
  expect(objects).toMatchObject({
    buckets: [
      { name: 'files', count: 1, bytes: 8 },
      { name: 'raw', count: 2, bytes: 14 },
    ],
    referenced: 2,
    unreferenced: 1,
    missing: { absent: 1 },
  });
  expect(await world.verify(setId)).toEqual([]);
  const target = await emptyStore(world);
  const options = { progress: silentProgress, signal: new AbortController().signal };
  const manifest = await world.manifest(setId);
  await expect(
    restoreObjects(await world.reader(), manifest, {
      ...options,
      targets: { raw: { store: target, prefix: '' } },
    }),
  ).rejects.toMatchObject({ code: 'bucket-untold' });
  await restoreObjects(await world.reader(), manifest, {
    ...options,
    targets: { raw: { store: target, prefix: 'raw/' }, files: { store: target, prefix: 'files/' } },
  });
  expect([...(await contentsOf(target)).keys()]).toEqual(['files/1', 'raw/1', 'raw/2']);
});

test('an object that its own store calls damaged is told, and the others are saved', async () => {
  await world.mailed('bad, large', randomBytes(2 ** 21 + 1));
  await world.mailed('bad, small', 'x');
  await world.mailed('good', 'good');
  const damaged: ObjectStore = {
    ...world.mail,
    open: async (key, options) => {
      const { object, body } = await world.mail.open(key, options);
      return { object, body: key.startsWith('bad') ? brokenOff(body) : body };
    },
  };
  const context = world.context({
    objects: { fullEvery: 1e9, buckets: [{ name: 'mail', store: damaged, prefix: '' }] },
  });
  const { setId, objects } = await runBackup(context);
  expect(objects).toMatchObject({ count: 1, missing: { damaged: 2 } });
  expect(await world.verify(setId)).toEqual([]);
  const target = await emptyStore(world);
  expect(await restored(world, setId, target)).toMatchObject({ objects: 1, missing: 2 });
  expect(Buffer.from(await target.get('good')).toString()).toBe('good');
  // What was damaged is not taken for known.
  expect((await runBackup(world.context())).objects).toMatchObject({
    count: 3,
    stored: 2,
    missing: { damaged: 0 },
  });
});

async function* brokenOff(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    yield chunk.subarray(0, 1);
    throw integrityError('not as it was stored', { code: 'object-corrupt' });
  }
}

test('a store that cannot be read stops the run, which leaves no set', async () => {
  await world.mailed('a', 'x');
  const refusing: ObjectStore = {
    ...world.mail,
    open: async () => {
      throw failure('no', { code: 'store-refused' });
    },
  };
  const context = world.context({
    objects: { fullEvery: 1e9, buckets: [{ name: 'mail', store: refusing, prefix: '' }] },
  });
  await expect(runBackup(context)).rejects.toMatchObject({ code: 'store-refused' });
  expect(await runBackup(world.context())).toMatchObject({ objects: { mode: 'full', stored: 1 } });
});
