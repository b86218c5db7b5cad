import { type Clock, systemClock } from '../../base/clock.ts';
import { withFileErrors } from './file-error.ts';
import { withFileLock } from './file-lock.ts';
import type { FileStamp, KeyFile } from './key-file.ts';
import { findKey, type KeyEntry, type KeyRing, withoutExpired } from './key-ring.ts';

/** The keys of one file, for everything that works with them. Errors as `openLocalKms`. */
export interface KeyRingAccess {
  readonly location: string;
  readonly now: () => Date;
  /** Works with the keys as they are in the file at this moment, those left out whose deletion date has come. */
  readonly read: <T>(work: (ring: KeyRing) => T) => Promise<T>;
  /** Replaces them, while no other process does. */
  readonly update: <T>(
    change: (ring: KeyRing) => { readonly ring: KeyRing; readonly result: T },
  ) => Promise<T>;
  /** Replaces one of them. @throws {PosternError} as `findKey` */
  readonly updateKey: <T>(
    keyId: string,
    change: (key: KeyEntry) => { readonly key: KeyEntry; readonly result: T },
  ) => Promise<T>;
  /** Destroys the keys whose deletion date has come, for good. */
  readonly dropExpired: () => Promise<void>;
}

export function keyRingAccess(
  file: KeyFile,
  { path, location, clock = systemClock }: KeyRingPlace,
): KeyRingAccess {
  let cached: { readonly stamp: FileStamp; readonly ring: KeyRing } | undefined;

  const guard = <T>(work: () => Promise<T>): Promise<T> => withFileErrors(location, 'using the keys', work);

  async function load(): Promise<KeyRing> {
    // The stamp is taken first: a file replaced in between only means one more reading.
    const stamp = await file.stamp();
    if (cached?.stamp !== stamp) cached = { stamp, ring: await file.read() };
    return cached.ring;
  }

  const update: KeyRingAccess['update'] = (change) =>
    guard(() =>
      withFileLock(path, async () => {
        const { ring, result } = change(withoutExpired(await load(), clock.now()));
        await file.write(ring, 'replace');
        return result;
      }),
    );

  return {
    location,
    now: () => clock.now(),
    read: (work) => guard(async () => work(withoutExpired(await load(), clock.now()))),
    update,

    updateKey: (keyId, change) =>
      update((ring) => {
        const { key, result } = change(findKey(ring, location, keyId, clock.now()));
        const keys = ring.keys.map((other) => (other.keyId === key.keyId ? key : other));
        return { ring: { ...ring, keys }, result };
      }),

    async dropExpired() {
      const found = await guard(load);
      if (withoutExpired(found, clock.now()) === found) return;
      await update((ring) => ({ ring, result: undefined }));
    },
  };
}

interface KeyRingPlace {
  readonly path: string;
  readonly location: string;
  readonly clock: Clock | undefined;
}
