import { failure } from '../../src/lib/base/error.ts';
import type { ObjectStore } from '../../src/lib/cloud/object-store.ts';

/** What stands under a key instead of what is stored; undefined: nothing. */
export type Alterations = ReadonlyMap<string, Uint8Array | undefined>;

/** A store without checksums of its own, in which somebody has changed, added and removed objects. */
export function alteredStore(store: ObjectStore, changes: Alterations): ObjectStore {
  const modified = new Date();
  return {
    ...store,
    get: async (key, options) => {
      if (!changes.has(key)) return store.get(key, options);
      const body = changes.get(key);
      if (body === undefined) throw failure(`there is no ${key}`, { code: 'object-missing' });
      return body;
    },
    head: async (key, options) => {
      if (!changes.has(key)) return store.head(key, options);
      const body = changes.get(key);
      return body === undefined ? undefined : { key, size: body.byteLength, modified };
    },
    list: async function* (prefix) {
      const added = new Map([...changes].filter(([key]) => key.startsWith(prefix)));
      for await (const object of store.list(prefix)) {
        if (!added.has(object.key)) yield object;
      }
      for (const [key, body] of added) {
        if (body !== undefined) yield { key, size: body.byteLength, modified };
      }
    },
  };
}

/** The byte at the offset, from the end when negative, with its lowest bit turned. */
export function flipped(bytes: Uint8Array, offset: number): Buffer {
  const changed = Buffer.from(bytes);
  const index = offset < 0 ? changed.length + offset : offset;
  changed[index] = (changed[index] ?? 0) ^ 1;
  return changed;
}
