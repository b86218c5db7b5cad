import type { ListedObject, ListedVersion } from '../../cloud/object-store.ts';
import type { ObjectBucket } from './settings.ts';

/** One key of a bucket as its store lists it. */
export interface ListedKey {
  readonly key: string;
  /** The key in UTF-8, by which listings are ordered. */
  readonly order: Buffer;
  readonly size: number;
  readonly modified: Date;
  readonly versionId: string | undefined;
  /** `deleted`: what is told is the newest version below a delete marker. */
  readonly state: 'present' | 'deleted';
}

/** The keys of a bucket in ascending byte order; with its older versions at hand where the store keeps versions. */
export async function* listBucket({ store, prefix }: ObjectBucket): AsyncGenerator<ListedKey> {
  const { versioning } = await store.capabilities();
  const listed =
    versioning === true ? newestVersions(store.listVersions(prefix)) : present(store.list(prefix));
  for await (const found of listed) {
    const key = found.key.slice(prefix.length);
    // The folder's own name, as some programs store it, is no key of the bucket.
    if (key !== '') yield { ...found, key, order: Buffer.from(key) };
  }
}

type Found = Omit<ListedKey, 'order'>;

async function* present(objects: AsyncIterable<ListedObject>): AsyncGenerator<Found> {
  for await (const { key, size, modified } of objects)
    yield { key, size, modified, versionId: undefined, state: 'present' };
}

/** Of each key the newest version that has bytes. */
async function* newestVersions(versions: AsyncIterable<ListedVersion>): AsyncGenerator<Found> {
  let key: string | undefined;
  let state: ListedKey['state'] = 'present';
  let isFound = false;
  for await (const version of versions) {
    if (version.key !== key) {
      key = version.key;
      state = version.isDeleteMarker ? 'deleted' : 'present';
      isFound = false;
    }
    if (isFound || version.isDeleteMarker) continue;
    isFound = true;
    const { size, modified, versionId } = version;
    yield { key, size, modified, versionId, state };
  }
}
