import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { ObjectStore } from '../../src/lib/cloud/object-store.ts';
import { type KeyForm, objectKeysContract } from './object-keys.ts';

/** Whether the server enforces If-None-Match between writers that run at once; moto looks, then writes. */
export type Exclusiveness = 'exclusive at once' | 'exclusive one after the other';

const text = (value: string) => new TextEncoder().encode(value);
const hex = (value: Uint8Array) => createHash('sha256').update(value).digest('hex');

/** All items of an async iterable. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

const tomorrow = () => new Date(Date.now() + 86_400_000);

/** The promises of the `ObjectStore` port; each test works under a prefix of its own. `make` gives a store with versions and object lock. */
export function objectStoreContract(
  title: string,
  exclusiveness: Exclusiveness,
  make: () => ObjectStore,
  keyForm: KeyForm = 'keys as given',
): void {
  describe(`${title} as an object store`, () => {
    const fresh = () => ({ store: make(), at: `t-${randomBytes(6).toString('hex')}` });

    test('gives back the bytes that were stored, with their size, hash, version and metadata', async () => {
      const { store, at } = fresh();
      const body = randomBytes(3_000_001);
      const put = await store.put(`${at}/part`, body, {
        metadata: { 'set-id': 'a b' },
        contentType: 'text/plain',
      });
      expect(put).toMatchObject({ key: `${at}/part`, size: body.length, sha256: hex(body) });
      expect(put.versionId).toBeTypeOf('string');
      const head = await store.head(`${at}/part`);
      expect(head).toMatchObject({ size: body.length, sha256: hex(body), versionId: put.versionId });
      expect(head?.metadata).toEqual({ 'set-id': 'a b' });
      expect(Math.abs((head?.modified.getTime() ?? 0) - Date.now())).toBeLessThan(120_000);
      expect(Buffer.from(await store.get(`${at}/part`)).equals(body)).toBe(true);
      expect(Buffer.concat(await collect(store.getStream(`${at}/part`))).equals(body)).toBe(true);
    });

    test('keeps an empty object', async () => {
      const { store, at } = fresh();
      await store.put(`${at}/empty`, new Uint8Array());
      expect(await store.get(`${at}/empty`)).toHaveLength(0);
      expect(await store.head(`${at}/empty`)).toMatchObject({ size: 0, sha256: hex(new Uint8Array()) });
    });

    test('has no metadata and no retention where none was given', async () => {
      const { store, at } = fresh();
      await store.put(`${at}/plain`, text('x'));
      const head = await store.head(`${at}/plain`);
      expect(head).not.toHaveProperty('metadata');
      expect(head).not.toHaveProperty('retention');
    });

    test('reads a byte range whose end is inclusive, and cuts it at the end of the object', async () => {
      const { store, at } = fresh();
      await store.put(`${at}/digits`, text('0123456789'));
      const range = async (start: number, end: number) =>
        Buffer.from(await store.get(`${at}/digits`, { range: { start, end } })).toString();
      expect(await range(2, 4)).toBe('234');
      expect(await range(0, 0)).toBe('0');
      expect(await range(8, 100)).toBe('89');
      await expect(range(10, 12)).rejects.toMatchObject({ code: 'range-not-satisfiable', exitCode: 1 });
      await expect(range(3, 2)).rejects.toMatchObject({ code: 'range-invalid', exitCode: 2 });
    });

    test('says that a missing object is missing', async () => {
      const { store, at } = fresh();
      expect(await store.head(`${at}/none`)).toBeUndefined();
      await expect(store.get(`${at}/none`)).rejects.toMatchObject({ code: 'object-missing', exitCode: 1 });
      await expect(collect(store.getStream(`${at}/none`))).rejects.toMatchObject({ code: 'object-missing' });
      expect(await store.delete(`${at}/none`)).toBe('absent');
      expect(await collect(store.list(`${at}/`))).toEqual([]);
      expect(await collect(store.listVersions(`${at}/`))).toEqual([]);
    });

    test('refuses to put over an existing object when told to, and leaves it as it was', async () => {
      const { store, at } = fresh();
      await store.put(`${at}/manifest`, text('one'), { ifNoneMatch: '*' });
      await expect(store.put(`${at}/manifest`, text('two'), { ifNoneMatch: '*' })).rejects.toMatchObject({
        code: 'object-exists',
        exitCode: 6,
      });
      await expect(store.put(`${at}/manifest`, text('one'), { ifNoneMatch: '*' })).rejects.toMatchObject({
        code: 'object-exists',
      });
      expect(Buffer.from(await store.get(`${at}/manifest`)).toString()).toBe('one');
      expect(await collect(store.listVersions(`${at}/`))).toHaveLength(1);
    });

    test('lets a key be created again once it is hidden', async () => {
      const { store, at } = fresh();
      await store.put(`${at}/again`, text('one'), { ifNoneMatch: '*' });
      expect(await store.delete(`${at}/again`)).toBe('deleted');
      await store.put(`${at}/again`, text('two'), { ifNoneMatch: '*' });
      expect(Buffer.from(await store.get(`${at}/again`)).toString()).toBe('two');
    });

    const testAtOnce = exclusiveness === 'exclusive at once' ? test : () => {};
    testAtOnce('lets exactly one of many writers create a key', async () => {
      const { store, at } = fresh();
      const writers = Array.from({ length: 12 }, (_, n) =>
        store.put(`${at}/once`, text(`${n}`), { ifNoneMatch: '*' }),
      );
      const outcomes = await Promise.allSettled(writers);
      const winner = outcomes.findIndex(({ status }) => status === 'fulfilled');
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      expect(Buffer.from(await store.get(`${at}/once`)).toString()).toBe(String(winner));
      expect(await collect(store.listVersions(`${at}/`))).toHaveLength(1);
    });

    test('keeps every version, and reads and heads an older one by its id', async () => {
      const { store, at } = fresh();
      const one = await store.put(`${at}/v`, text('one'));
      const two = await store.put(`${at}/v`, text('three'));
      expect(one.versionId).not.toBe(two.versionId);
      expect(Buffer.from(await store.get(`${at}/v`)).toString()).toBe('three');
      const older = { versionId: one.versionId as string };
      expect(Buffer.from(await store.get(`${at}/v`, older)).toString()).toBe('one');
      expect(await store.head(`${at}/v`, older)).toMatchObject({ size: 3, versionId: one.versionId });
      const versions = await collect(store.listVersions(`${at}/`));
      expect(versions.map(({ versionId, isLatest, size }) => ({ versionId, isLatest, size }))).toEqual([
        { versionId: two.versionId, isLatest: true, size: 5 },
        { versionId: one.versionId, isLatest: false, size: 3 },
      ]);
    });

    test('hides a deleted key behind a marker, and shows it again when the marker is deleted', async () => {
      const { store, at } = fresh();
      const { versionId } = await store.put(`${at}/hidden`, text('still here'));
      expect(await store.delete(`${at}/hidden`)).toBe('deleted');
      expect(await store.delete(`${at}/hidden`)).toBe('absent');
      expect(await store.head(`${at}/hidden`)).toBeUndefined();
      await expect(store.get(`${at}/hidden`)).rejects.toMatchObject({ code: 'object-missing' });
      expect(await collect(store.list(`${at}/`))).toEqual([]);
      expect(
        Buffer.from(await store.get(`${at}/hidden`, { versionId: versionId as string })).toString(),
      ).toBe('still here');
      const [marker, ...others] = await collect(store.listVersions(`${at}/`));
      expect(marker).toMatchObject({ isDeleteMarker: true, isLatest: true, key: `${at}/hidden` });
      expect(others).toMatchObject([{ isDeleteMarker: false, isLatest: false, versionId }]);
      expect(await store.delete(`${at}/hidden`, { versionId: marker?.versionId as string })).toBe('deleted');
      expect(Buffer.from(await store.get(`${at}/hidden`)).toString()).toBe('still here');
    });

    test('finds the version of one key by its hash, under newer ones, a marker, and keys that begin alike', async () => {
      const { store, at } = fresh();
      for (const body of ['signed', 'forged', 'signed?']) await store.put(`${at}/part`, text(body));
      for (const other of ['par', 'part-2', 'part.asc', 'part/x', 'part0'])
        await store.put(`${at}/${other}`, text('signed'));
      await store.delete(`${at}/part`);
      const wanted = hex(text('signed'));
      const found: string[] = [];
      for await (const version of store.listVersions(`${at}/part`)) {
        if (version.key !== `${at}/part`) break;
        if (version.isDeleteMarker) continue;
        const bytes = await store.get(version.key, { versionId: version.versionId as string });
        expect(bytes).toHaveLength(version.size);
        const head = await store.head(version.key, { versionId: version.versionId as string });
        expect(head?.sha256).toBe(hex(bytes));
        if (hex(bytes) === wanted) found.push(version.versionId as string);
      }
      expect(found).toHaveLength(1);
      const { object, body } = await store.open(`${at}/part`, { versionId: found[0] as string });
      expect(object).toMatchObject({ sha256: wanted, versionId: found[0] });
      expect(Buffer.concat(await collect(body)).toString()).toBe('signed');
    });

    test('opens an object with everything that was stored with it, whole and in a range', async () => {
      const { store, at } = fresh();
      const body = randomBytes(2_500_000);
      const options = { contentType: 'message/rfc822', metadata: { tenant: 'acme' } };
      const { versionId } = await store.put(`${at}/mail`, body, options);
      expect(await store.head(`${at}/mail`)).toMatchObject(options);
      const known = { key: `${at}/mail`, size: body.length, versionId, ...options };
      const whole = await store.open(`${at}/mail`);
      expect(whole.object).toMatchObject({ ...known, sha256: hex(body) });
      expect(Buffer.concat(await collect(whole.body)).equals(body)).toBe(true);
      const part = await store.open(`${at}/mail`, { range: { start: 10, end: 19 } });
      expect(part.object).toMatchObject(known);
      expect(Buffer.concat(await collect(part.body)).equals(body.subarray(10, 20))).toBe(true);
      const missing = { code: 'object-missing', exitCode: 1 };
      await expect(store.open(`${at}/none`)).rejects.toMatchObject(missing);
      await store.delete(`${at}/mail`);
      await expect(store.open(`${at}/mail`)).rejects.toMatchObject(missing);
    });

    test('can go on after an opened body was given up in the middle', async () => {
      const { store, at } = fresh();
      await store.put(`${at}/large`, randomBytes(3_000_000));
      for (let n = 0; n < 3; n += 1) {
        for await (const chunk of (await store.open(`${at}/large`)).body) {
          expect(chunk.byteLength).toBeGreaterThan(0);
          break;
        }
      }
      expect(await store.get(`${at}/large`)).toHaveLength(3_000_000);
    });

    test('deletes one version for good', async () => {
      const { store, at } = fresh();
      const one = await store.put(`${at}/gone`, text('one'));
      const two = await store.put(`${at}/gone`, text('two'));
      expect(await store.delete(`${at}/gone`, { versionId: two.versionId as string })).toBe('deleted');
      expect(await store.delete(`${at}/gone`, { versionId: two.versionId as string })).toBe('absent');
      expect(Buffer.from(await store.get(`${at}/gone`)).toString()).toBe('one');
      expect(await store.delete(`${at}/gone`, { versionId: one.versionId as string })).toBe('deleted');
      expect(await store.head(`${at}/gone`)).toBeUndefined();
      expect(await collect(store.listVersions(`${at}/`))).toEqual([]);
    });

    test.each(['governance', 'compliance'] as const)(
      'refuses to delete a version under %s retention',
      async (mode) => {
        const { store, at } = fresh();
        const until = tomorrow();
        const put = await store.put(`${at}/locked`, text('kept'), { retention: { mode, until } });
        const head = await store.head(`${at}/locked`);
        expect(head?.retention?.mode).toBe(mode);
        expect(Math.abs((head?.retention?.until.getTime() ?? 0) - until.getTime())).toBeLessThan(1000);
        expect(await store.delete(`${at}/locked`, { versionId: put.versionId as string })).toBe('retained');
        expect(Buffer.from(await store.get(`${at}/locked`)).toString()).toBe('kept');
        // A marker takes nothing away, so it is allowed.
        expect(await store.delete(`${at}/locked`)).toBe('deleted');
        expect(
          Buffer.from(await store.get(`${at}/locked`, { versionId: put.versionId as string })).toString(),
        ).toBe('kept');
      },
    );

    objectKeysContract(fresh, keyForm);

    test('refuses metadata that no header can carry', async () => {
      const { store, at } = fresh();
      for (const metadata of [
        { 'Set-Id': 'x' },
        { note: 'grün' },
        { 'postern-put': 'x' },
        { long: 'x'.repeat(2001) },
      ]) {
        await expect(store.put(`${at}/m`, text('x'), { metadata })).rejects.toMatchObject({
          code: 'object-metadata-invalid',
        });
      }
      expect(await store.head(`${at}/m`)).toBeUndefined();
    });

    test('tells its capabilities', async () => {
      const { store } = fresh();
      expect(await store.capabilities()).toMatchObject({
        versioning: true,
        objectLock: true,
        defaultRetention: 'none',
        time: expect.any(Date),
      });
    });
  });
}
