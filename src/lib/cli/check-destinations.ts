import { profilePrefix } from '../backup/format/layout.ts';
import { usageError } from '../base/error.ts';
import { bucketLocation, folderLocation, trimmed } from '../cloud/location.ts';
import type { DestinationSettings, ProfileSettings, StoreSettings } from '../config/schema.ts';

/** Where the sets of a destination are inside its store, unless told. */
export const defaultPrefix = 'backup';

interface Place {
  readonly name: string;
  /** The same for two destinations that would write over each other. */
  readonly place: string;
}

/**
 * Judges what the schema of the file cannot see, because `stores` may stand in another file.
 * @param folder of a local store, from its path in the configuration
 * @throws {PosternError} exit 2: `store-unknown`, `destinations-overlap`
 */
export function checkDestinations(
  { backup, stores = {} }: ProfileSettings,
  folder: (path: string) => string,
): void {
  const found: Place[] = [];
  for (const [name, destination] of Object.entries(backup?.destinations ?? {})) {
    const store = stores[destination.store];
    if (store === undefined) throw unknownStore(name, destination, Object.keys(stores));
    const prefix = trimmed(profilePrefix(destination.prefix ?? defaultPrefix, ''));
    const place = `${placeOf(store, folder)}/${prefix}`;
    const other = found.find((known) => known.place === place);
    if (other !== undefined) throw overlap(other.name, name);
    found.push({ name, place });
  }
}

/** Where a store is, without opening it. */
export function storeLocation(store: StoreSettings, folder: (path: string) => string): string {
  return store.adapter === 'local' ? folderLocation(folder(store.path)) : bucketLocation(store);
}

function placeOf(store: StoreSettings, folder: (path: string) => string): string {
  const endpoint = store.adapter === 's3' ? (store.endpoint ?? '') : '';
  return `${endpoint} ${storeLocation(store, folder)}`;
}

function unknownStore(name: string, { store }: DestinationSettings, known: readonly string[]): Error {
  return usageError(`the destination ${name} is at the store ${store}, and there is none of that name`, {
    code: 'store-unknown',
    hints: [known.length === 0 ? 'add it under stores' : `the stores are: ${known.join(', ')}`],
  });
}

function overlap(one: string, other: string): Error {
  return usageError(`the destinations ${one} and ${other} are one and the same place`, {
    code: 'destinations-overlap',
    hints: ['give one of them another store, or another prefix: a second copy in the same place is none'],
  });
}
