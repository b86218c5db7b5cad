import { type Destination, unusable } from '../backup/destination.ts';
import { profilePrefix } from '../backup/format/layout.ts';
import { PosternError, usageError } from '../base/error.ts';
import { unopenedStore } from '../cloud/unopened-store.ts';
import type { DestinationSettings } from '../config/schema.ts';
import { defaultPrefix, storeLocation } from './check-destinations.ts';
import type { PosternContext } from './context.ts';

/** Milliseconds. */
const defaultKeyringLock = 35 * 86_400_000;

/**
 * Where the sets of the profile go, in the order of the configuration. A store that cannot be opened, or whose
 * credentials cannot be read, makes its destination unusable, and hinders no other.
 */
export async function destinations(context: PosternContext): Promise<readonly Destination[]> {
  const backup = context.settings('backup');
  return Promise.all(
    Object.entries(backup.destinations).map(async ([name, settings]) => {
      const { store: storeName } = settings;
      const rest = { name, ...destinationSettings(context.profile, settings) };
      try {
        return { ...rest, store: await context.store(storeName) };
      } catch (error) {
        const store = context.config.profile.stores?.[storeName];
        if (!(error instanceof PosternError) || store === undefined) throw error;
        const location = storeLocation(store, (path) => context.path('stores', path));
        return unusable({ ...rest, store: unopenedStore(location, error) }, error);
      }
    }),
  );
}

/** All of a destination but its store. */
export function destinationSettings(
  profile: string,
  { prefix, required, lock, keyring_lock: keyringLock }: DestinationSettings,
): Omit<Destination, 'name' | 'store'> {
  return {
    prefix: profilePrefix(prefix ?? defaultPrefix, profile),
    required: required ?? true,
    lock: lock === undefined ? undefined : { mode: lock.mode, duration: lock.for },
    keyringLock:
      keyringLock !== undefined
        ? { mode: keyringLock.mode, duration: keyringLock.for }
        : lock === undefined
          ? undefined
          : { mode: lock.mode, duration: Math.min(defaultKeyringLock, lock.for) },
  };
}

/** @returns exit 2, `destination-unknown` */
export function unknownDestination(context: PosternContext, name: string): PosternError {
  const names = Object.keys(context.settings('backup').destinations);
  return usageError(`the profile ${context.profile} has no destination ${name}`, {
    code: 'destination-unknown',
    hints: [`its destinations are: ${names.join(', ')}`],
  });
}
