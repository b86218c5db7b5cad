import { PosternError } from '../../base/error.ts';
import { inParallel } from '../../base/in-parallel.ts';
import type { ObjectStore } from '../../cloud/object-store.ts';
import { fileName } from '../format/layout.ts';
import { type SetLocks, setLocks } from '../set-locks.ts';

/** What a store itself says. */
export type StoreLook =
  | { readonly state: 'not asked' }
  | { readonly state: 'unreachable'; readonly message: string }
  | {
      readonly state: 'asked';
      /** Sets that have their manifest there, of those that were asked for. */
      readonly has: ReadonlySet<string>;
      /** Of the newest good set that is there. */
      readonly locks: SetLocks | undefined;
      /** Sets that still have their wrapped keys. */
      readonly keyrings: ReadonlySet<string>;
    };

const requestsAtOnce = 8;

/**
 * Looks for the manifests of sets. Never throws for a store.
 * @param asked the sets that the register, or a check, speaks of
 * @param newestFirst those of them that count as good ones
 */
export async function askStore(
  open: () => Promise<{ readonly store: ObjectStore; readonly prefix: string }>,
  asked: ReadonlySet<string>,
  newestFirst: readonly string[],
): Promise<StoreLook> {
  try {
    const { store, prefix } = await open();
    const keyrings = await findKeyrings(store, prefix);
    const has = new Set<string>();
    await inParallel([...asked], requestsAtOnce, async (setId) => {
      if ((await store.head(`${prefix}${setId}/${fileName.manifest}`)) !== undefined) has.add(setId);
    });
    const newest = newestFirst.find((setId) => has.has(setId));
    const locks = newest === undefined ? undefined : await setLocks(store, prefix, newest);
    return { state: 'asked', has, locks, keyrings };
  } catch (error) {
    if (!(error instanceof PosternError)) throw error;
    return { state: 'unreachable', message: error.message };
  }
}

async function findKeyrings(store: ObjectStore, prefix: string): Promise<ReadonlySet<string>> {
  const folder = `${prefix}keyrings/`;
  const found = new Set<string>();
  for await (const { key } of store.list(folder)) {
    // A signature alone is no key.
    if (!key.endsWith('.asc')) found.add(key.slice(folder.length).split('/')[0] ?? '');
  }
  return found;
}
