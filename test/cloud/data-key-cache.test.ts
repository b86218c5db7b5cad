import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { dataKeyCache } from '../../src/lib/cloud/data-key-cache.ts';

/** Unwraps to a new key each time, and keeps hold of what it gave out. */
function source() {
  const given: Uint8Array[] = [];
  return {
    given,
    unwrap: async () => {
      const key = new Uint8Array(randomBytes(32));
      given.push(key);
      return key;
    },
  };
}

const zeros = new Uint8Array(32);
const never = () => Promise.reject(new Error('unwrapped again'));
const nothing = () => {};

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('a cache of data keys', () => {
  test('unwraps a key once', async () => {
    const cache = dataKeyCache();
    const { given, unwrap } = source();
    const first = await cache.get('a', unwrap);
    expect(await cache.get('a', never)).toEqual(first);
    expect(given[0]).toEqual(first);
    expect(await cache.get('b', unwrap)).not.toEqual(first);
  });

  test('lets all who ask at once wait for one call', async () => {
    const cache = dataKeyCache();
    const { promise, resolve } = Promise.withResolvers<Uint8Array>();
    const unwrap = vi.fn(() => promise);
    const asked = Promise.all(Array.from({ length: 50 }, () => cache.get('a', unwrap)));
    await Promise.resolve();
    resolve(Uint8Array.of(1, 2, 3));
    const copies = await asked;
    expect(unwrap).toHaveBeenCalledTimes(1);
    expect(new Set(copies).size).toBe(50);
    for (const copy of copies) expect(copy).toEqual(Uint8Array.of(1, 2, 3));
  });

  test('tells a failure to all who waited, and forgets it', async () => {
    const cache = dataKeyCache();
    const unwrap = vi.fn(() => Promise.reject(new Error('throttled')));
    const asked = await Promise.allSettled([cache.get('a', unwrap), cache.get('a', unwrap)]);
    expect(asked.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(unwrap).toHaveBeenCalledTimes(1);
    expect(await cache.get('a', source().unwrap)).toHaveLength(32);
    const thrown = () => {
      throw new Error('no service');
    };
    await expect(cache.get('b', thrown)).rejects.toThrow('no service');
  });

  test('keeps a key for its time and no longer, however often it is used', async () => {
    const cache = dataKeyCache({ ttlMs: 1_000 });
    const { given, unwrap } = source();
    await cache.use('a', unwrap, nothing);
    await vi.advanceTimersByTimeAsync(999);
    await cache.use('a', never, nothing);
    expect(given[0]).not.toEqual(zeros);
    await vi.advanceTimersByTimeAsync(1);
    expect(given[0]).toEqual(zeros);
    await cache.use('a', unwrap, nothing);
    expect(given).toHaveLength(2);
  });

  test('lends no key whose time has come while the process was too busy for its timer', async () => {
    let now = 0;
    const cache = dataKeyCache({ ttlMs: 1_000, clock: { now: () => new Date(now) } });
    const { given, unwrap } = source();
    await cache.use('a', unwrap, nothing);
    now = 1_000;
    await cache.use('a', unwrap, (key) => expect(key).toBe(given[1]));
    expect(given[0]).toEqual(zeros);
    expect(given[1]).not.toEqual(zeros);
  });

  test('lets the key go that was used the longest ago when it is full', async () => {
    const cache = dataKeyCache({ maxKeys: 2 });
    const { given, unwrap } = source();
    await cache.use('a', unwrap, nothing);
    await cache.use('b', unwrap, nothing);
    await cache.use('a', never, nothing);
    await cache.use('c', unwrap, nothing);
    expect(given.map((key) => key.every((byte) => byte === 0))).toEqual([false, true, false]);
    await cache.use('a', never, nothing);
    await cache.use('c', never, nothing);
  });

  test.each<readonly [string, (cache: ReturnType<typeof dataKeyCache>) => unknown]>([
    ['forgotten', (cache) => cache.forget('a')],
    ['cleared', (cache) => cache.clear()],
    ['pushed out', (cache) => cache.use('b', source().unwrap, nothing)],
    ['too old', () => vi.advanceTimersByTimeAsync(1_000)],
  ])('wipes a key that is %s only when nobody works with it any more', async (_, lose) => {
    const cache = dataKeyCache({ maxKeys: 1, ttlMs: 1_000 });
    const { given, unwrap } = source();
    const done = Promise.withResolvers<void>();
    const first = cache.use('a', unwrap, () => done.promise);
    await vi.advanceTimersByTimeAsync(0);
    await cache.use('a', never, async (key) => {
      await lose(cache);
      expect(key).not.toEqual(zeros);
    });
    expect(given[0]).not.toEqual(zeros);
    done.resolve();
    await first;
    expect(given[0]).toEqual(zeros);
    await cache.use('a', unwrap, (key) => expect(key).toBe(given[1]));
  });

  test('wipes a key that came after it was forgotten, once its user is done, and does not keep it', async () => {
    const cache = dataKeyCache();
    const { promise, resolve } = Promise.withResolvers<Uint8Array>();
    const used = cache.use(
      'a',
      () => promise,
      (key) => expect(key).toEqual(Uint8Array.of(7)),
    );
    await Promise.resolve();
    cache.forget('a');
    const key = Uint8Array.of(7);
    resolve(key);
    await used;
    expect(key).toEqual(Uint8Array.of(0));
    expect(await cache.get('a', source().unwrap)).toHaveLength(32);
  });

  test('gives a key back after work that failed', async () => {
    const cache = dataKeyCache();
    const { given, unwrap } = source();
    const failing = () => {
      throw new Error('no');
    };
    await expect(cache.use('a', unwrap, failing)).rejects.toThrow('no');
    cache.clear();
    expect(given[0]).toEqual(zeros);
  });

  test('never lends a key of zeros or of another, whatever happens in between, and wipes all in the end', async () => {
    vi.useRealTimers();
    const step = fc.record({
      id: fc.integer({ min: 0, max: 5 }),
      act: fc.constantFrom('use', 'use', 'use', 'forget', 'clear'),
      turns: fc.integer({ min: 0, max: 4 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 40 }),
        fc.integer({ min: 1, max: 4 }),
        async (steps, maxKeys) => {
          const cache = dataKeyCache({ maxKeys });
          const given: Uint8Array[] = [];
          const turns = async (count: number) => {
            for (let turn = 0; turn < count; turn++) await Promise.resolve();
          };
          const work = steps.map(async ({ id, act, turns: wait }) => {
            await turns(wait);
            if (act === 'forget') return cache.forget(String(id));
            if (act === 'clear') return cache.clear();
            const unwrap = async () => {
              await turns(wait);
              const key = new Uint8Array(4).fill(id + 1);
              given.push(key);
              return key;
            };
            return cache.use(String(id), unwrap, async (key) => {
              expect(key).toEqual(new Uint8Array(4).fill(id + 1));
              await turns(wait);
              expect(key).toEqual(new Uint8Array(4).fill(id + 1));
            });
          });
          await Promise.all(work);
          expect(given.filter((key) => key.some((byte) => byte !== 0)).length).toBeLessThanOrEqual(maxKeys);
          cache.clear();
          expect(given.every((key) => key.every((byte) => byte === 0))).toBe(true);
        },
      ),
      { numRuns: 200 },
    );
  });
});
