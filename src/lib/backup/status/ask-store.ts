import { PosternError } from '../../base/error.ts';
import type { ObjectStore } from '../../cloud/object-store.ts';
import { fileName } from '../format/layout.ts';

/** What a store itself says. */
export type StoreLook =
  | { readonly state: 'not asked' }
  | { readonly state: 'unreachable'; readonly message: string }
  | {
      readonly state: 'asked';
      /** The newest of the sets that has its manifest there. */
      readonly newest: string | undefined;
      /** Sets newer than that, whose manifests are gone. */
      readonly missing: readonly string[];
      /** Until when the store refuses to delete the newest set's manifest. */
      readonly lockedUntil: Date | undefined;
      /** Sets that still have their wrapped keys. */
      readonly keyrings: number;
    };

/** Looks for the manifest of the newest set, and of the one before where it is gone. Never throws for a store. */
export async function askStore(
  open: () => Promise<{ readonly store: ObjectStore; readonly prefix: string }>,
  newestFirst: readonly string[],
): Promise<StoreLook> {
  try {
    const { store, prefix } = await open();
    const missing: string[] = [];
    const keyrings = await countKeyrings(store, prefix);
    for (const setId of newestFirst) {
      const manifest = await store.head(`${prefix}${setId}/${fileName.manifest}`);
      if (manifest !== undefined)
        return { state: 'asked', newest: setId, missing, lockedUntil: manifest.retention?.until, keyrings };
      missing.push(setId);
    }
    return { state: 'asked', newest: undefined, missing, lockedUntil: undefined, keyrings };
  } catch (error) {
    if (!(error instanceof PosternError)) throw error;
    return { state: 'unreachable', message: error.message };
  }
}

async function countKeyrings(store: ObjectStore, prefix: string): Promise<number> {
  const folder = `${prefix}keyrings/`;
  const found = new Set<string>();
  for await (const { key } of store.list(folder)) found.add(key.slice(folder.length).split('/')[0] ?? '');
  return found.size;
}
