import { join } from 'node:path';
import { restoreObjects } from '../../src/lib/backup/objects/restore.ts';
import { silentProgress } from '../../src/lib/base/progress.ts';
import { openLocalObjectStore } from '../../src/lib/cloud/local/object-store.ts';
import type { ObjectStore } from '../../src/lib/cloud/object-store.ts';
import type { ObjectsWorld } from './objects-world.ts';

/** A store to restore into. */
export function emptyStore({ folder }: ObjectsWorld, name = 'restored'): Promise<ObjectStore> {
  return openLocalObjectStore({ path: join(folder, name), durability: 'fast' });
}

/** Restores the mail objects of a set. */
export async function restored(world: ObjectsWorld, setId: string, store: ObjectStore) {
  return restoreObjects(await world.reader(), await world.manifest(setId), {
    targets: { mail: { store, prefix: '' } },
    progress: silentProgress,
    signal: new AbortController().signal,
  });
}

/** Everything that is newest in a store. */
export async function contentsOf(store: ObjectStore): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for await (const { key } of store.list(''))
    found.set(key, Buffer.from(await store.get(key)).toString('hex'));
  return found;
}
