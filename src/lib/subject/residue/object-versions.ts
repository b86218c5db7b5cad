import { PosternError } from '../../base/error.ts';
import type { ListedVersion, ObjectStore } from '../../cloud/object-store.ts';

/**
 * Every version and delete marker under a prefix, also of a store that keeps no versions and cannot list any. A bucket
 * in which versioning was suspended still has its old ones, so it is the listing that is asked first.
 */
export async function* objectVersions(
  store: ObjectStore,
  prefix: string,
): AsyncGenerator<ListedVersion, void> {
  const listing = store.listVersions(prefix)[Symbol.asyncIterator]();
  try {
    let next: IteratorResult<ListedVersion>;
    try {
      next = await listing.next();
    } catch (error) {
      if (!(error instanceof PosternError) || (await store.capabilities()).versioning !== false) throw error;
      for await (const object of store.list(prefix))
        yield { ...object, isLatest: true, isDeleteMarker: false };
      return;
    }
    for (; next.done !== true; next = await listing.next()) yield next.value;
  } finally {
    await listing.return?.();
  }
}
