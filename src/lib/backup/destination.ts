import type { PosternError } from '../base/error.ts';
import type { ObjectStore } from '../cloud/object-store.ts';
import { unopenedStore } from '../cloud/unopened-store.ts';

/** How long the store itself keeps an object against everybody, counted from the start of the run. */
export interface ObjectLock {
  readonly mode: 'governance' | 'compliance';
  /** Milliseconds. */
  readonly duration: number;
}

/** A place that takes sets: another account, region or provider, with credentials of its own. */
export interface Destination {
  /** As the configuration names it. */
  readonly name: string;
  readonly store: ObjectStore;
  /** The folder of the profile's sets inside the store, with a slash at its end. */
  readonly prefix: string;
  /** A run without this one's manifest is no success. */
  readonly required: boolean;
  /** Of the set's files; undefined: the store locks nothing. */
  readonly lock: ObjectLock | undefined;
  /** Of the wrapped keys of subjects, which must end soon: an erasure is whole once the last copy of its key is gone. */
  readonly keyringLock: ObjectLock | undefined;
  /** Why nothing can be sent there; the store answers everything with this. */
  readonly unusable?: PosternError;
}

/** A destination that is left alone. A run takes it for one that has failed. */
export function unusable(destination: Destination, why: PosternError): Destination {
  return { ...destination, store: unopenedStore(destination.store.location, why), unusable: why };
}
