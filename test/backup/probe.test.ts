import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ProbeAspect, ProbeLine } from '../../src/lib/backup/probe.ts';
import { failure } from '../../src/lib/base/error.ts';
import { openLocalObjectStore } from '../../src/lib/cloud/local/object-store.ts';
import type { ObjectStore, StoredObject } from '../../src/lib/cloud/object-store.ts';
import { collect } from '../contract/object-store.ts';
import { now, probe } from './probe-lines.ts';

const day = 86_400_000;
let folder: string;
let count = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-probe-'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const freshStore = (at = now) => {
  count += 1;
  return openLocalObjectStore({
    path: join(folder, String(count)),
    clock: { now: () => at },
    durability: 'fast',
  });
};

/** A local store that says of itself what a store in the cloud says. */
const cloudLike = (store: ObjectStore, change: Partial<ObjectStore> = {}): ObjectStore => ({
  ...store,
  capabilities: async () => ({ ...(await store.capabilities()), retentionKeptBy: 'store' }),
  ...change,
});

const states = (lines: readonly ProbeLine[]) => lines.map(({ aspect, state }) => [aspect, state]);
const without = <T extends object, K extends keyof T>(value: T, key: K): Omit<T, K> => {
  const rest = { ...value };
  delete rest[key];
  return rest;
};
const denied = () => Promise.reject(failure('denied', { code: 'store-refused', hints: ['grant it'] }));

const allWell = [
  ['clock', 'ok'],
  ['versions', 'ok'],
  ['default retention', 'ok'],
  ['unfinished uploads', 'ok'],
  ['write', 'ok'],
  ['read back', 'ok'],
  ['lock', 'ok'],
  ['create again', 'ok'],
  ['overwrite', 'ok'],
  ['hide', 'ok'],
  ['read contents', 'ok'],
  ['delete', 'ok'],
];

describe('the probe of a local store', () => {
  test.each(['governance', 'compliance'] as const)(
    'finds nothing wrong with a %s lock, and says who keeps it',
    async (mode) => {
      const store = await freshStore();
      const { lines, of } = await probe(store, mode);
      expect(states(lines)).toEqual(allWell);
      expect(of('delete')?.message).toContain('postern alone');
      expect(lines.every(({ hint }) => hint === null)).toBe(true);
      const [object, ...others] = await collect(store.list(''));
      expect(object?.key).toBe(`backup/production/probe/2026-03-01-${mode}`);
      expect(others).toEqual([]);
    },
  );

  test('writes one object a day, however often it is asked', async () => {
    const store = await freshStore();
    await probe(store);
    const before = (await collect(store.listVersions(''))).length;
    const again = await probe(store, 'compliance', new Date(now.getTime() + 60_000));
    expect(states(again.lines)).toEqual(allWell);
    expect(again.of('write')?.message).toContain('was stored today');
    expect(await collect(store.listVersions(''))).toHaveLength(before);
    expect((await probe(store, 'compliance', new Date(now.getTime() + day))).of('write')?.message).toContain(
      '2026-03-02',
    );
  });

  test('finds that nothing protects an unlocked destination, and leaves nothing behind', async () => {
    const store = await freshStore();
    const { of } = await probe(store, 'unlocked');
    expect(of('lock')).toMatchObject({ state: 'finding', hint: expect.stringContaining('Object Lock') });
    expect(of('delete')).toMatchObject({
      state: 'finding',
      message: expect.stringContaining('may delete sets'),
    });
    expect(await collect(store.listVersions(''))).toEqual([]);
  });
});

describe('the probe of a store in the cloud', () => {
  test('finds nothing wrong where all that a run does not need is refused', async () => {
    const inner = await freshStore();
    const store = cloudLike(inner, {
      put: (key, body, options) => (options?.ifNoneMatch === '*' ? inner.put(key, body, options) : denied()),
      get: denied,
      delete: denied,
      head: async (key, options) => {
        const found = await inner.head(key, options);
        return found && without(found, 'sha256');
      },
    });
    for (const state of ['fresh', 'reused']) {
      const { lines, of } = await probe(store);
      expect([state, states(lines)]).toEqual([state, allWell]);
      expect(of('read back')?.message).toContain('hidden from these credentials');
      expect(of('overwrite')?.message).toBe('refused');
      expect(lines.every(({ hint }) => hint === null)).toBe(true);
    }
    expect(await collect(inner.listVersions(''))).toHaveLength(1);
  });

  test('finds delete markers, removes its own, and names the policy', async () => {
    const store = cloudLike(await freshStore());
    const { of } = await probe(store);
    expect(of('hide')).toMatchObject({
      state: 'finding',
      hint: expect.stringContaining('backup policy --destination offsite --role bucket'),
    });
    expect((await collect(store.listVersions(''))).filter(({ isDeleteMarker }) => isDeleteMarker)).toEqual(
      [],
    );
    expect(of('delete')).toMatchObject({ state: 'ok', message: 'refused because of the lock' });
    expect(of('overwrite')).toMatchObject({ state: 'ok', hint: expect.stringContaining('If-None-Match') });
    expect(of('read contents')).toMatchObject({
      state: 'ok',
      hint: expect.stringContaining('--role writer'),
    });
  });

  test('says so when its own marker has to stay', async () => {
    const inner = await freshStore();
    const store = cloudLike(inner, {
      delete: (key, options) => (options?.versionId === undefined ? inner.delete(key) : denied()),
    });
    expect((await probe(store)).of('hide')?.message).toContain('stays');
  });

  test.each<[string, ProbeAspect, string, (found: StoredObject) => StoredObject]>([
    ['forgets the lock', 'lock', 'lock missing', (found) => without(found, 'retention')],
    [
      'locks for a shorter time',
      'lock',
      'retention shorter than asked: until 2026-03-02T10:00:00.000Z instead of 2026-03-02T11:00:00.000Z',
      (found) => ({
        ...found,
        retention: { mode: 'compliance', until: new Date(now.getTime() + day - 3_600_000) },
      }),
    ],
    [
      'locks for a longer time',
      'lock',
      'retention longer than asked',
      (found) => ({ ...found, retention: { mode: 'compliance', until: new Date(now.getTime() + 9 * day) } }),
    ],
    [
      'locks less strictly',
      'lock',
      'governance instead of compliance',
      (found) => ({ ...found, retention: { mode: 'governance', until: new Date(now.getTime() + day) } }),
    ],
    ['cuts the object', 'read back', 'size or hash', (found) => ({ ...found, size: found.size - 1 })],
    ['changes a byte', 'read back', 'size or hash', (found) => ({ ...found, sha256: '0'.repeat(64) })],
  ])('finds a store that %s', async (_, aspect, message, change) => {
    const inner = await freshStore();
    const head: ObjectStore['head'] = async (key, options) => {
      const found = await inner.head(key, options);
      return found && change(found);
    };
    expect((await probe(cloudLike(inner, { head }))).of(aspect)).toMatchObject({
      state: 'finding',
      message: expect.stringContaining(message),
    });
  });

  test('takes whole seconds for the time that was asked for', async () => {
    const at = new Date(now.getTime() + 789);
    const inner = await freshStore(at);
    const head: ObjectStore['head'] = async (key, options) => {
      const found = await inner.head(key, options);
      return found && { ...found, retention: { mode: 'compliance', until: new Date(now.getTime() + day) } };
    };
    expect((await probe(cloudLike(inner, { head }), 'compliance', at)).of('lock')?.state).toBe('ok');
  });

  test('finds a store that deletes locked versions', async () => {
    const inner = await freshStore();
    const store = cloudLike(inner, {
      put: (key, body, options = {}) => inner.put(key, body, without(options, 'retention')),
    });
    const { of } = await probe(store);
    expect(of('lock')?.state).toBe('finding');
    expect(of('delete')).toMatchObject({
      state: 'finding',
      message: expect.stringContaining('a locked version was deleted'),
    });
  });

  test('finds a store that ignores If-None-Match', async () => {
    const inner = await freshStore();
    const store = cloudLike(inner, {
      put: (key, body, options = {}) => inner.put(key, body, without(options, 'ifNoneMatch')),
    });
    expect((await probe(store)).of('create again')).toMatchObject({ state: 'finding' });
  });

  test.each([
    ['a year ahead of', 365 * day, 'finding', 'this host is 365 d ahead of the store'],
    ['six minutes behind', -360_000, 'finding', 'this host is 6 min behind the store'],
    ['four minutes behind', -240_000, 'ok', 'agrees'],
  ])('judges a host whose clock is %s the store', async (_, ahead, state, message) => {
    const store = await freshStore();
    const { of } = await probe(cloudLike(store), 'compliance', new Date(now.getTime() + ahead));
    expect(of('clock')).toMatchObject({ state, message: expect.stringContaining(message) });
  });

  test('leaves unknown what the store does not tell, and finds what it tells that is wrong', async () => {
    const inner = await freshStore();
    const told = await inner.capabilities();
    const quiet = {
      versioning: 'unknown',
      defaultRetention: 'unknown',
      abortsUploads: 'unknown',
      time: 'unknown',
    } as const;
    const wrong = { versioning: false, defaultRetention: 'governance', abortsUploads: false } as const;
    const silent = await probe(cloudLike(inner, { capabilities: async () => ({ ...told, ...quiet }) }));
    expect(states(silent.lines).slice(0, 3)).toEqual([
      ['clock', 'unknown'],
      ['versions', 'unknown'],
      ['default retention', 'unknown'],
    ]);
    expect(silent.of('unfinished uploads')).toBeUndefined();
    const bad = await probe(cloudLike(inner, { capabilities: async () => ({ ...told, ...wrong }) }));
    expect(bad.of('versions')?.state).toBe('finding');
    expect(bad.of('default retention')?.state).toBe('finding');
    expect(bad.of('unfinished uploads')).toMatchObject({
      state: 'ok',
      hint: expect.stringContaining('Abort'),
    });
  });

  test('finds credentials that cannot write, and tries nothing else', async () => {
    const inner = await freshStore();
    const { lines, of } = await probe(cloudLike(inner, { put: denied }));
    expect(of('write')).toMatchObject({ state: 'finding', message: 'denied', hint: 'grant it' });
    expect(lines.at(-1)?.aspect).toBe('write');
  });

  test('leaves unknown an attempt that failed for another reason, and goes on', async () => {
    const inner = await freshStore();
    const broken = () => Promise.reject(failure('HTTP 500', { code: 'store-unavailable' }));
    const { of } = await probe(cloudLike(inner, { head: broken, get: broken }));
    expect(of('read back')).toMatchObject({ state: 'unknown', message: 'HTTP 500' });
    expect(of('read contents')?.state).toBe('unknown');
    expect(of('delete')?.state).toBe('ok');
  });

  test('fails where the store cannot be reached', async () => {
    const inner = await freshStore();
    const gone = () => Promise.reject(failure('gone', { code: 'store-unreachable' }));
    await expect(probe(cloudLike(inner, { capabilities: gone }))).rejects.toMatchObject({ message: 'gone' });
    await expect(probe(cloudLike(inner, { put: gone }))).rejects.toMatchObject({ message: 'gone' });
  });
});
