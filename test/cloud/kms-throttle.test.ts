import { beforeEach, describe, expect, test } from 'vitest';
import type { Kms } from '../../src/lib/cloud/kms.ts';
import type { KmsRotation } from '../../src/lib/cloud/kms-rotation.ts';
import { throttledKms } from '../../src/lib/cloud/kms-throttle.ts';

/** Milliseconds that only pauses pass. */
let time: number;
let began: number[];

beforeEach(() => {
  time = 0;
  began = [];
});

const bytes = Uint8Array.of(1);

/** Notes when each call reaches it. */
function service(): Kms & Pick<KmsRotation, 'rotateKey'> {
  const note = <T>(value: T): Promise<T> => {
    began.push(time);
    return Promise.resolve(value);
  };
  const key = {
    keyId: 'k',
    arn: 'local:k',
    usage: 'encrypt',
    state: 'enabled',
    description: '',
    created: new Date(0),
  } as const;
  return {
    location: 'here',
    describeKey: () => note(key),
    async *listKeys() {
      yield* [key, key];
    },
    generateDataKey: () => note({ plaintext: bytes, wrapped: bytes }),
    encrypt: () => note(bytes),
    decrypt: (_keyId, ciphertext) => note(ciphertext),
    reEncrypt: ({ ciphertext }) => note({ ciphertext }),
    currentMaterial: (keyId) => note(`${keyId}:1`),
    sign: () => note(bytes),
    publicKey: () => note(bytes),
    rotateKey: () => note(undefined),
  };
}

/** A pause ends when its time has come; those that end first go first. */
function pauses() {
  const waiting: { readonly until: number; readonly go: () => void }[] = [];
  return {
    pause: (milliseconds: number) =>
      new Promise<void>((go) => void waiting.push({ until: time + milliseconds, go })),
    run: async () => {
      for (let next = 0; next < 1_000; next++) {
        await new Promise((resolve) => setImmediate(resolve));
        waiting.sort((a, b) => b.until - a.until);
        const first = waiting.pop();
        if (first === undefined) return;
        time = first.until;
        first.go();
      }
    },
  };
}

describe('a throttled key management service', () => {
  test('is used at its rate by all who use it together', async () => {
    const { pause, run } = pauses();
    const kms = throttledKms(service(), { perSecond: 10, burst: 1, now: () => time, pause });
    const all = Promise.all(Array.from({ length: 5 }, () => kms.decrypt('k', bytes, {})));
    await run();
    await all;
    expect(began).toEqual([0, 100, 200, 300, 400]);
  });

  test('lets a burst through after a pause, and no more', async () => {
    const { pause, run } = pauses();
    const kms = throttledKms(service(), { perSecond: 100, burst: 3, now: () => time, pause });
    const some = (count: number) =>
      Promise.all(Array.from({ length: count }, () => kms.encrypt('k', bytes, {})));
    const first = some(5);
    await run();
    await first;
    expect(began).toEqual([0, 0, 0, 10, 20]);
    time = 10_000;
    const second = some(4);
    await run();
    await second;
    expect(began.slice(5)).toEqual([10_000, 10_000, 10_000, 10_010]);
  });

  test.each<readonly [string, (kms: Kms) => Promise<unknown>]>([
    ['describeKey', (kms) => kms.describeKey('k')],
    ['generateDataKey', (kms) => kms.generateDataKey('k', {})],
    ['encrypt', (kms) => kms.encrypt('k', bytes, {})],
    ['decrypt', (kms) => kms.decrypt('k', bytes, {})],
    [
      'reEncrypt',
      (kms) => {
        const same = { keyId: 'k', context: {} };
        return kms.reEncrypt({ ciphertext: bytes, from: same, to: same });
      },
    ],
    ['currentMaterial', (kms) => kms.currentMaterial('k')],
    ['sign', (kms) => kms.sign('k', bytes)],
    ['publicKey', (kms) => kms.publicKey('k')],
  ])('waits before %s, and answers as the service', async (_, ask) => {
    const { pause, run } = pauses();
    const kms = throttledKms(service(), { perSecond: 1, now: () => time, pause });
    const plain = await ask(service());
    began = [];
    const both = Promise.all([ask(kms), ask(kms)]);
    await run();
    expect(await both).toEqual([plain, plain]);
    expect(began).toEqual([0, 1_000]);
  });

  test('waits for each key that it lists, and not for administration', async () => {
    const { pause, run } = pauses();
    const kms = throttledKms(service(), { perSecond: 1, now: () => time, pause });
    const list = async () => {
      const found = [];
      for await (const key of kms.listKeys()) found.push([key.keyId, time]);
      return found;
    };
    const listed = list();
    await run();
    expect(await listed).toEqual([
      ['k', 0],
      ['k', 1_000],
    ]);
    await kms.rotateKey('k');
    await kms.rotateKey('k');
    expect(began).toEqual([1_000, 1_000]);
  });

  test('stops waiting when it is told to', async () => {
    const stop = new AbortController();
    const kms = throttledKms(service(), { perSecond: 0.001, signal: stop.signal });
    await kms.encrypt('k', bytes, {});
    const waiting = kms.encrypt('k', bytes, {});
    stop.abort();
    await expect(waiting).rejects.toThrow(/abort/i);
    await expect(kms.encrypt('k', bytes, {})).rejects.toThrow(/abort/i);
    expect(began).toHaveLength(1);
  });
});
