import type { Client } from '../../base/postgres.ts';
import type { DataMap } from '../../platform/map/index.ts';
import type { KeyContext } from '../context.ts';

/** What it takes to prove that nobody needs a KMS key any more. */
export interface DestroyContext extends KeyContext {
  /** The keys of the service that the configuration names, or that a file seals which it names. */
  readonly namedKeys: () => Promise<readonly NamedKey[]>;
  /** Further databases of the platform, beside the one that `openReader` opens. */
  readonly otherDatabases: readonly OtherDatabase[];
  /** What every destination of the profile has now, whatever is on record. */
  readonly storedSets: () => Promise<readonly StoredSets[]>;
}

export interface NamedKey {
  /** As the configuration or the file has it. */
  readonly keyId: string;
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
  /** The id or ARN of the KMS key that opens it; null where only secret keys do. */
  readonly keyId: string | null;
  /** Why that cannot be told; null where it can. */
  readonly problem: string | null;
}
