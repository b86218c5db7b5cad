import { failure } from '../../src/lib/base/error.ts';
import type { ListedObject, ObjectStore } from '../../src/lib/cloud/object-store.ts';

/** What stands under a key instead of what is stored; undefined: nothing. */
export type Alterations = ReadonlyMap<string, Uint8Array | undefined>;

/** A store without checksums and versions of its own, in which somebody has changed, added and removed objects. */
export function alteredStore(store: ObjectStore, changes: Alterations): ObjectStore {
  const modified = new Date();
  const read = (key: string): Uint8Array => {
    const body = changes.get(key);
    if (body === undefined) throw failure(`there is no ${key}`, { code: 'object-missing' });
    return body;
  };
  async function* list(prefix: string): AsyncIterable<ListedObject> {
    const added = new Map([...changes].filter(([key]) => key.startsWith(prefix)));
    for await (const object of store.list(prefix)) {
      if (!added.has(object.key)) yield object;
    }
    for (const [key, body] of added) {
      if (body !== undefined) yield { key, size: body.byteLength, modified };
    }
  }
  return {
    ...store,
    get: async (key, options) => (changes.has(key) ? read(key) : store.get(key, options)),
    open: async (key, options) => {
      if (!changes.has(key)) return store.open(key, options);
      const body = read(key);
      return { object: { key, size: body.byteLength, modified }, body: oneChunk(body) };
    },
    head: async (key, options) => {
      if (!changes.has(key)) return store.head(key, options);
      const body = changes.get(key);
      return body === undefined ? undefined : { key, size: body.byteLength, modified };
    },
    list,
    listVersions: async function* (prefix) {
      for await (const object of list(prefix)) yield { ...object, isLatest: true, isDeleteMarker: false };
    },
  };
}

async function* oneChunk(body: Uint8Array): AsyncIterable<Uint8Array> {
  yield body;
}

/** The byte at the offset, from the end when negative, with its lowest bit turned. */
export function flipped(bytes: Uint8Array, offset: number): Buffer {
  const changed = Buffer.from(bytes);
  const index = offset < 0 ? changed.length + offset : offset;
  changed[index] = (changed[index] ?? 0) ^ 1;
  return changed;
}
