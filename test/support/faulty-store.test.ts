import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { failure } from '../../src/lib/base/error.ts';
import { openLocalObjectStore } from '../../src/lib/cloud/local/object-store.ts';
import type { ObjectStore } from '../../src/lib/cloud/object-store.ts';
import { collect, objectStoreContract } from '../contract/object-store.ts';
import { faultyStore, listings, reads, type StoreRule } from './faulty-store.ts';
import { gate } from './store-fault.ts';

const text = (value: string) => new TextEncoder().encode(value);
const isIn = async (store: ObjectStore, key: string) => (await store.head(key)) !== undefined;

let folder: string;
let store: ObjectStore;
let run = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-faulty-'));
});

afterAll(() => rm(folder, { recursive: true }));

beforeEach(async () => {
  run += 1;
  store = await openLocalObjectStore({ path: join(folder, String(run)) });
});

const disturbing = (...rules: readonly StoreRule[]) => faultyStore(store, rules);
objectStoreContract('a faulty store without faults', 'exclusive at once', () => faultyStore(store, []));

describe('a rule', () => {
  test('fails the calls from one on, as many as it is told, and no others', async () => {
    const faulty = disturbing({
      operation: 'put',
      key: /part/,
      from: 2,
      times: 2,
      fault: { kind: 'fail', why: 503 },
    });
    const put = (key: string) =>
      faulty.put(key, text('x')).then(
        () => 'stored',
        (error: { code: string }) => error.code,
      );
    await put('other');
    const outcomes = [];
    for (const n of [1, 2, 3, 4]) outcomes.push(await put(`part-${n}`));
    expect(outcomes).toEqual(['stored', 'store-unavailable', 'store-unavailable', 'stored']);
    expect((await collect(store.list(''))).map(({ key }) => key)).toEqual(['other', 'part-1', 'part-4']);
    expect(faulty.calls.map(({ faults }) => faults.join())).toEqual(['', '', 'fail', 'fail', '']);
    expect(faulty.unused()).toEqual([]);
  });

  test('that never fired is told, and so is one whose key is never listed', async () => {
    const rules: StoreRule[] = [
      { operation: 'get', fault: { kind: 'flip' } },
      { operation: 'list', key: /manifest/, fault: { kind: 'stale-list' } },
    ];
    const faulty = disturbing(...rules);
    await faulty.put('part', text('x'));
    await collect(faulty.list(''));
    expect(faulty.unused()).toEqual(rules);
  });

  test('whose fault cannot befall its operation is refused', () => {
    expect(() => disturbing({ operation: 'put', fault: { kind: 'flip' } })).toThrow('flip cannot befall put');
    expect(() => disturbing({ operation: [...reads, 'head'], fault: { kind: 'truncate' } })).toThrow('head');
    expect(() =>
      disturbing({ operation: [...reads, 'head', ...listings], fault: { kind: 'vanish' } }),
    ).not.toThrow();
  });

  test.each([
    [400, 'store-failed', 1],
    [403, 'store-refused', 1],
    [409, 'object-exists', 6],
    [412, 'object-exists', 6],
    [500, 'store-unavailable', 1],
    [503, 'store-unavailable', 1],
    ['expired credentials', 'store-credentials', 1],
    ['no answer', 'store-unreachable', 1],
    ['full', 'store-full', 1],
  ] as const)('fails with %s as the port does: %s, exit %i', async (why, code, exitCode) => {
    const faulty = disturbing({
      operation: ['put', 'head', 'list', 'capabilities'],
      fault: { kind: 'fail', why },
    });
    await expect(faulty.put('key', text('x'))).rejects.toMatchObject({ code, exitCode });
    await expect(faulty.head('key')).rejects.toMatchObject({ code });
    await expect(collect(faulty.list(''))).rejects.toMatchObject({ code });
    await expect(faulty.capabilities()).rejects.toMatchObject({ code });
    expect(await isIn(store, 'key')).toBe(false);
  });

  test('fails with an error of the test, too', async () => {
    const why = failure('as told', { code: 'as-told' });
    await expect(disturbing({ operation: 'head', fault: { kind: 'fail', why } }).head('x')).rejects.toBe(why);
  });
});

test('a lost answer comes after the work is done', async () => {
  const faulty = disturbing({ operation: ['put', 'delete', 'list'], fault: { kind: 'lost-answer' } });
  const lost = { code: 'store-unreachable', exitCode: 1 };
  await expect(faulty.put('key', text('x'))).rejects.toMatchObject(lost);
  expect(await isIn(store, 'key')).toBe(true);
  await expect(collect(faulty.list(''))).rejects.toMatchObject(lost);
  await expect(faulty.delete('key')).rejects.toMatchObject(lost);
  expect(await isIn(store, 'key')).toBe(false);
});

test('a slow call waits at its gate, and others go past it', async () => {
  const until = gate();
  const faulty = disturbing({ operation: 'put', key: /slow/, fault: { kind: 'slow', until } });
  const slow = faulty.put('slow', text('x'));
  await until.reached;
  await faulty.put('fast', text('x'));
  expect(await isIn(store, 'slow')).toBe(false);
  until.release();
  await slow;
  expect(await isIn(store, 'slow')).toBe(true);
});

describe('bytes', () => {
  const disturbed = async (fault: StoreRule['fault']) => {
    await store.put('key', text('abcdef'));
    const faulty = disturbing({ operation: reads, fault });
    const bodies = [
      await faulty.get('key'),
      Buffer.concat(await collect(faulty.getStream('key'))),
      Buffer.concat(await collect((await faulty.open('key')).body)),
    ].map((bytes) => Buffer.from(bytes).toString());
    expect(faulty.unused()).toEqual([]);
    expect(new Set(bodies).size).toBe(1);
    return bodies[0];
  };

  test('are cut off, by one unless told, for every kind of read', async () => {
    expect(await disturbed({ kind: 'truncate' })).toBe('abcde');
    expect(await disturbed({ kind: 'truncate', bytes: 2 })).toBe('ab');
    expect(await disturbed({ kind: 'truncate', bytes: 0 })).toBe('');
  });

  test('are turned by one bit, in the last byte unless told', async () => {
    expect(await disturbed({ kind: 'flip' })).toBe('abcdeg');
    expect(await disturbed({ kind: 'flip', at: 0 })).toBe('`bcdef');
    expect(await disturbed({ kind: 'flip', at: -2 })).toBe('abcddf');
    await expect(disturbed({ kind: 'flip', at: 6 })).rejects.toThrow('no byte 6');
  });

  test('in the store stay as they are', async () => {
    await disturbed({ kind: 'flip' });
    expect(Buffer.from(await store.get('key')).toString()).toBe('abcdef');
  });
});

test('an object that vanished is missing to every kind of read, and left out of listings', async () => {
  for (const key of ['a', 'manifest', 'z']) await store.put(key, text(key));
  const faulty = disturbing({
    operation: [...reads, 'head', ...listings],
    key: /manifest/,
    fault: { kind: 'vanish' },
  });
  const missing = { code: 'object-missing', exitCode: 1 };
  await expect(faulty.get('manifest')).rejects.toMatchObject(missing);
  await expect(collect(faulty.getStream('manifest'))).rejects.toMatchObject(missing);
  await expect(faulty.open('manifest')).rejects.toMatchObject(missing);
  expect(await faulty.head('manifest')).toBeUndefined();
  expect((await collect(faulty.list(''))).map(({ key }) => key)).toEqual(['a', 'z']);
  expect((await collect(faulty.listVersions('m'))).map(({ key }) => key)).toEqual([]);
  expect(Buffer.from(await faulty.get('a')).toString()).toBe('a');
});

test('a stale listing leaves keys out for as many listings as told, while reads find them', async () => {
  await store.put('new', text('x'));
  const faulty = disturbing({ operation: 'list', key: /new/, times: 1, fault: { kind: 'stale-list' } });
  expect(await collect(faulty.list(''))).toEqual([]);
  expect(await faulty.get('new')).toHaveLength(1);
  expect(await collect(faulty.list(''))).toHaveLength(1);
});

test('a kill runs at its call, before anything is done', async () => {
  const seen: boolean[] = [];
  const kill = { kind: 'kill', run: async () => void seen.push(await isIn(store, 'two')) } as const;
  const faulty = disturbing({ operation: 'put', from: 2, times: 1, fault: kill });
  for (const key of ['one', 'two', 'three']) await faulty.put(key, text(key));
  expect(seen).toEqual([false]);
});
