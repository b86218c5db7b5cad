import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { restoreObjects } from '../../src/lib/backup/objects/restore.ts';
import { verifyObjects } from '../../src/lib/backup/objects/verify.ts';
import { runBackup } from '../../src/lib/backup/run.ts';
import { failure, integrityError } from '../../src/lib/base/error.ts';
import { silentProgress } from '../../src/lib/base/progress.ts';
import { openLocalObjectStore } from '../../src/lib/cloud/local/object-store.ts';
import type { ObjectStore, StoredObject } from '../../src/lib/cloud/object-store.ts';
import { parseObjectKey } from '../../src/lib/platform/map/index.ts';
import { destinationOf, platformSource } from '../support/backup-world.ts';
import {
  type ObjectsPlatform,
  type ObjectsWorld,
  objectsPlatform,
  objectsWorld,
  partSize,
} from './objects-world.ts';
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

async function emptyStore(name = 'restored'): Promise<ObjectStore> {
  return openLocalObjectStore({ path: join(world.folder, name), durability: 'fast' });
}

async function restored(setId: string, store: ObjectStore, from: ObjectsWorld = world) {
  return restoreObjects(await from.reader(), await from.manifest(setId), {
    targets: { mail: { store, prefix: '' } },
    progress: silentProgress,
    signal: new AbortController().signal,
  });
}

/** Everything that is newest in a store. */
async function contentsOf(store: ObjectStore): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for await (const { key } of store.list(''))
    found.set(key, Buffer.from(await store.get(key)).toString('hex'));
  return found;
}

const keysOf = (lines: readonly { readonly key: string }[]): readonly string[] => lines.map(({ key }) => key);

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
  const store = await emptyStore();
  expect(await restored(next.setId, store)).toMatchObject({ objects: 4, stored: 4, missing: 0 });
  expect(await contentsOf(store)).toEqual(await contentsOf(world.mail));
  // Done twice is done once.
  expect(await restored(next.setId, store)).toMatchObject({ objects: 4, stored: 0 });
  const older = await emptyStore('older');
  await restored(full.setId, older);
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

test('an object that was deleted between the snapshot and the listing comes from below its delete marker', async () => {
  await world.mailed('kept', 'wanted');
  await world.mailed('forgotten', 'by everybody');
  await world.named('kept');
  await world.mail.delete('kept');
  await world.mail.delete('forgotten');
  const { setId, objects } = await runBackup(world.context());
  expect(objects).toMatchObject({ count: 1, missing: { absent: 0 } });
  expect(await world.index(setId)).toMatchObject([{ key: 'kept', deleted: true, referenced: true }]);
  const store = await emptyStore();
  await restored(setId, store);
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
  const store = await emptyStore();
  await restored(setId, store);
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
  expect(keysOf(await world.index(setId))).toEqual(sorted);
  expect(await world.verify(setId)).toEqual([]);
  const store = await emptyStore();
  await restored(setId, store);
  expect(await contentsOf(store)).toEqual(await contentsOf(world.mail));
  expect((await runBackup(world.context())).objects).toMatchObject({ stored: 0, count: keys.length });
});

test('content type and metadata come back, also from an earlier set', async () => {
  await world.mail.put('x', Buffer.from('x'), { contentType: 'message/rfc822', metadata: { tenant: '7' } });
  await runBackup(world.context());
  await world.mailed('y', 'y');
  const { setId } = await runBackup(world.context());
  const store = await emptyStore();
  await restored(setId, store);
  expect(await store.head('x')).toMatchObject({ contentType: 'message/rfc822', metadata: { tenant: '7' } });
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
  const target = await emptyStore();
  await restored(setId, target);
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
  const target = await emptyStore();
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
  const target = await emptyStore();
  expect(await restored(setId, target)).toMatchObject({ objects: 1, missing: 2 });
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

test('a target that has something else under a key keeps it, and all other objects are restored', async () => {
  await world.mailed('a', 'from the set');
  await world.mailed('b', 'b');
  const { setId } = await runBackup(world.context());
  const target = await emptyStore();
  await target.put('a', Buffer.from('somebody else'));
  await expect(restored(setId, target)).rejects.toMatchObject({ exitCode: 6, code: 'object-differs' });
  expect([...(await contentsOf(target)).values()]).toEqual(
    ['somebody else', 'b'].map((text) => Buffer.from(text).toString('hex')),
  );
});

describe('everything is stored anew', () => {
  const lock = { mode: 'governance', duration: 86_400_000 } as const;

  test('when the last full set is older than it may be', async () => {
    await world.mailed('a', 'x');
    await runBackup(world.context());
    const objects = { fullEvery: 1, buckets: [{ name: 'mail', store: world.mail, prefix: '' }] };
    expect((await runBackup(world.context({ objects }))).objects).toMatchObject({ mode: 'full', stored: 1 });
    const { rows } = await countObjects();
    // What only the old full set remembered is forgotten.
    expect(rows).toBe(1);
  });

  test('when a destination is new, or has lost the full set', async () => {
    await world.mailed('a', 'x');
    const { setId } = await runBackup(world.context());
    const second = await openLocalObjectStore({ path: join(world.folder, 'second'), durability: 'fast' });
    const destinations = [
      destinationOf(world.sets),
      destinationOf({ ...world.sets, destination: 'second', store: second }),
    ];
    expect((await runBackup(world.context({ destinations }))).objects).toMatchObject({ mode: 'full' });
    expect((await runBackup(world.context({ destinations }))).objects).toMatchObject({ mode: 'incremental' });
    const warnings: string[] = [];
    const progress = { ...silentProgress, warn: (line: string) => warnings.push(line) };
    for await (const { key } of second.list(''))
      if (key.endsWith('manifest.json.pgp')) await second.delete(key);
    expect((await runBackup(world.context({ destinations, progress }))).objects).toMatchObject({
      mode: 'full',
    });
    expect(warnings).toEqual([expect.stringMatching(/is gone from a destination/)]);
    expect(warnings[0]).not.toContain(setId);
  });

  test('when the lock of the full set would end before that of this one', async () => {
    await world.mailed('a', 'x');
    const locked = (duration: number) => ({
      destinations: [destinationOf(world.sets, { lock: { ...lock, duration } })],
    });
    await runBackup(world.context(locked(lock.duration)));
    expect((await runBackup(world.context(locked(lock.duration)))).objects).toMatchObject({
      mode: 'incremental',
    });
    const year = 365 * lock.duration;
    expect((await runBackup(world.context(locked(year)))).objects).toMatchObject({ mode: 'full' });
  });
});

test('files of mail objects, and what vouches for them, are locked longer than the rest of the set', async () => {
  await world.mailed('a', 'x');
  const duration = 86_400_000;
  const fullEvery = 10 * duration;
  const { setId, startedAt } = await runBackup(
    world.context({
      destinations: [destinationOf(world.sets, { lock: { mode: 'governance', duration } })],
      objects: { fullEvery, buckets: [{ name: 'mail', store: world.mail, prefix: '' }] },
    }),
  );
  const until = async (file: string): Promise<number> => {
    const found = await world.sets.store.head(`${world.sets.prefix}${setId}/${file}`);
    return (found?.retention?.until.getTime() ?? 0) - Date.parse(startedAt);
  };
  expect(await until('objects/000001.tar.zst.pgp')).toBe(duration + fullEvery);
  expect(await until('objects/index-00001.jsonl.zst.pgp')).toBe(duration + fullEvery);
  expect(await until('SHA256SUMS')).toBe(duration + fullEvery);
  expect(await until('manifest.json.pgp')).toBe(duration + fullEvery);
  expect(await until('platform/20-pre-data.sql.zst.pgp')).toBe(duration);
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

async function countObjects(): Promise<{ rows: number }> {
  const [row] = await sql<{ count: string }>(
    world.stateUrl,
    `select count(*) from postern.backup_object join postern.backup_set using (set_id) where profile = '${world.sets.profile}'`,
  );
  return { rows: Number(row?.count) };
}

describe('verification finds', () => {
  let own: ObjectsWorld;
  let setId: string;
  let base: string;

  beforeAll(async () => {
    own = await objectsWorld();
    await own.mailed('a', randomBytes(3 * partSize));
    base = (await runBackup(own.context())).setId;
    await own.mailed('b', randomBytes(3 * partSize));
    setId = (await runBackup(own.context())).setId;
    expect(await own.verify(setId)).toEqual([]);
  });

  afterAll(() => own?.close());

  /** Changes a file of a set while something looks at it. */
  async function altered(
    file: string,
    change: (bytes: Uint8Array) => Uint8Array,
    look: () => Promise<void>,
  ): Promise<void> {
    const { store, prefix } = own.sets;
    const bytes = await store.get(prefix + file);
    const replace = async (by: Uint8Array): Promise<void> => {
      for await (const { versionId } of store.listVersions(prefix + file))
        if (versionId !== undefined) await store.delete(prefix + file, { versionId });
      if (by.byteLength > 0) await store.put(prefix + file, by);
    };
    await replace(change(Uint8Array.from(bytes)));
    await look();
    await replace(bytes);
  }
  const flip = (bytes: Uint8Array): Uint8Array => {
    bytes[bytes.byteLength >> 1] = (bytes[bytes.byteLength >> 1] ?? 0) ^ 1;
    return bytes;
  };

  test.each([
    ['a flipped bit in an archive', () => `${setId}/objects/000002.tar.zst.pgp`, flip, 'changed'],
    [
      'a flipped bit in an archive that it builds upon',
      () => `${base}/objects/000002.tar.zst.pgp`,
      flip,
      'changed',
    ],
    ['a part that is gone', () => `${base}/objects/000001.tar.zst.pgp`, () => new Uint8Array(), 'missing'],
    ['a flipped bit in the index', () => `${setId}/objects/index-00001.jsonl.zst.pgp`, flip, 'changed'],
    ['a base set without its list', () => `${base}/SHA256SUMS`, () => new Uint8Array(), 'missing'],
  ])('%s', async (_name, file, change, kind) => {
    await altered(file(), change, async () => {
      expect((await own.verify(setId)).map((finding) => finding.kind)).toContain(kind);
      await expect(restored(setId, await emptyStore(), own)).rejects.toMatchObject({ exitCode: 5 });
    });
    expect(await own.verify(setId)).toEqual([]);
  });

  test('a manifest that tells of another index', async () => {
    const manifest = await own.manifest(setId);
    const { objects } = manifest;
    if (objects === null) throw new Error('the set holds no objects');
    const signal = new AbortController().signal;
    const look = async (changes: Partial<typeof objects>) =>
      verifyObjects(
        await own.reader(),
        { ...manifest, objects: { ...objects, ...changes } },
        { contents: 'none', signal },
      );
    expect(await look({})).toEqual([]);
    expect(await look({ count: 7 })).toMatchObject([{ kind: 'contents' }]);
    expect(await look({ checksum: '0'.repeat(32) })).toMatchObject([{ kind: 'contents' }]);
    expect(await look({ partPlainSize: 512 })).toMatchObject([{ kind: 'missing' }]);
  });
});
