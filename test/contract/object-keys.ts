import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ListedObject, ObjectStore } from '../../src/lib/cloud/object-store.ts';

/**
 * What a store takes a key for. For SeaweedFS it is a path: under a key that ends in `/` it keeps no bytes, and it
 * lists `a\b` as `a/b`.
 */
export type KeyForm = 'keys as given' | 'keys as paths';

const text = (value: string) => new TextEncoder().encode(value);

async function listed(store: ObjectStore, prefix: string): Promise<readonly ListedObject[]> {
  const all: ListedObject[] = [];
  for await (const object of store.list(prefix)) all.push(object);
  return all;
}

/** What the `ObjectStore` port promises of keys; `fresh` gives a store, and a prefix that no other test uses. */
export function objectKeysContract(
  fresh: () => { readonly store: ObjectStore; readonly at: string },
  keyForm: KeyForm,
): void {
  test('lists keys in ascending byte order, with their sizes, under the prefix only', async () => {
    const { store, at } = fresh();
    const keys = [
      'a',
      'a-b',
      'a.b',
      'a/b',
      'a/b/c',
      'a0',
      'B',
      ...(keyForm === 'keys as given' ? ['b/'] : []),
      'README',
      'readme',
      'é',
      'ö/x',
      '\u{1f4e7}',
      '\uffee',
    ];
    for (const key of keys.toReversed()) await store.put(`${at}/${key}`, text(key));
    await store.put(`${at}x`, text('outside'));
    const found = await listed(store, `${at}/`);
    const sorted = keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect(found.map(({ key }) => key)).toEqual(sorted.map((key) => `${at}/${key}`));
    expect(found.map(({ size }) => size)).toEqual(sorted.map((key) => Buffer.byteLength(key)));
    expect((await listed(store, `${at}/a/`)).map(({ key }) => key)).toEqual([`${at}/a/b`, `${at}/a/b/c`]);
    expect((await listed(store, `${at}/re`)).map(({ key }) => key)).toEqual([`${at}/readme`]);
    for (const key of keys) expect(Buffer.from(await store.get(`${at}/${key}`)).toString()).toBe(key);
  });

  test('holds keys up to 1,024 bytes, and one that is a folder of another', async () => {
    const { store, at } = fresh();
    const long = `${at}/${'k'.repeat(1000 - at.length)}`;
    const unicode = `${at}/${'ü'.repeat(300)}/${'Ü'.repeat(100)}`;
    for (const key of [long, `${long}/x`, unicode, at]) await store.put(key, text(key));
    for (const key of [long, `${long}/x`, unicode, at])
      expect(Buffer.from(await store.get(key)).toString()).toBe(key);
    const found = (await listed(store, at)).map(({ key }) => key);
    expect(found).toEqual([at, long, `${long}/x`, unicode]);
  });

  test.each([
    ['nothing', ''],
    ['a way out', '../secret'],
    ['a way out in the middle', 'a/../../b'],
    ['a dot', 'a/./b'],
    ['NUL', 'a\0b'],
    ['a lone surrogate', 'a\ud800'],
    ['1,025 bytes', 'k'.repeat(1025)],
  ])('refuses a key that is or holds %s', async (_, key) => {
    const { store } = fresh();
    const refusal = { code: 'object-key-invalid', exitCode: 2 };
    await expect(store.put(key, text('x'))).rejects.toMatchObject(refusal);
    await expect(store.get(key)).rejects.toMatchObject(refusal);
    await expect(store.head(key)).rejects.toMatchObject(refusal);
    await expect(store.delete(key)).rejects.toMatchObject(refusal);
  });

  test('keeps objects of any key and body apart', async () => {
    const { store, at } = fresh();
    const segment = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
      .map((s) => s.replace(/[\p{Cc}\p{Cn}/.]/gu, '_'))
      .map((s) => (keyForm === 'keys as given' ? s : s.replaceAll('\\', '_')));
    const key = fc.array(segment, { minLength: 1, maxLength: 3 }).map((segments) => segments.join('/'));
    const objects = fc.dictionary(key, fc.uint8Array({ maxLength: 64 }), { minKeys: 1, maxKeys: 6 });
    let run = 0;
    await fc.assert(
      fc.asyncProperty(objects, async (content) => {
        run += 1;
        const prefix = `${at}/${run}/`;
        for (const [name, body] of Object.entries(content)) await store.put(prefix + name, body);
        for (const [name, body] of Object.entries(content)) {
          expect(Buffer.from(await store.get(prefix + name)).equals(body)).toBe(true);
        }
        const found = (await listed(store, prefix)).map((object) => object.key.slice(prefix.length));
        expect(found).toEqual(
          Object.keys(content).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
        );
      }),
      { numRuns: 25 },
    );
  });
}
