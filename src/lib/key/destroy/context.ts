import type { Client } from '../../base/postgres.ts';
import type { DataMap } from '../../platform/map/index.ts';
import type { KeyContext } from '../context.ts';

/** What it takes to prove that nobody needs a KMS key any more. */
export interface DestroyContext extends KeyContext {
  /** The keys of the service that the configuration names, or by which its files are sealed and its buckets encrypted. */
  readonly namedKeys: () => Promise<readonly NamedKey[]>;
  /** Further databases of the platform, beside the one that `openReader` opens. */
  readonly otherDatabases: readonly OtherDatabase[];
  /** What every destination of the profile has now, whatever is on record. */
  readonly storedSets: () => Promise<readonly StoredSets[]>;
}

export interface NamedKey {
  /** As the configuration, file or bucket has it; null where that cannot be asked. */
  readonly keyId: string | null;
  /** `opens backup sets` */
  readonly usedFor: string;
}

export interface OtherDatabase {
  readonly name: string;
  /** For reading; the caller ends it. */
  readonly open: () => Promise<Client>;
  /** Undefined where the configuration names no map of it. */
  readonly map: (() => Promise<DataMap>) | undefined;
}

/** The complete sets of a destination, as its store lists them. */
export interface StoredSets {
  readonly destination: string;
  readonly sets: readonly StoredSet[];
  /** Why they cannot be listed; null where they can. */
  readonly problem: string | null;
}

export interface StoredSet {
  readonly setId: string;
  /** RFC 3339, UTC, to the second. */
  readonly startedAt: string;
  /** The ids or ARNs of the KMS keys without which it is not opened or not read: its own, and that of its store. */
  readonly keyIds: readonly string[];
  /** Why that cannot be told; null where it can. */
  readonly problem: string | null;
}
