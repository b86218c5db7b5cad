import type { Client } from '../../base/postgres.ts';
import type { DataMap } from '../../platform/map/index.ts';
import type { KeyContext } from '../context.ts';

/** What it takes to prove that nobody needs a KMS key any more. */
export interface DestroyContext extends KeyContext {
  /** The keys of the service that the configuration names, or that a file seals which it names. */
  readonly namedKeys: () => Promise<readonly NamedKey[]>;
  /** Further databases of the platform, beside the one that `openReader` opens. */
  readonly otherDatabases: readonly OtherDatabase[];
  /** Which KMS key opens each of these sets, as the sets themselves say; one answer each. */
  readonly kmsKeysOfSets: (copies: readonly SetCopy[]) => Promise<readonly KmsKeyOfSet[]>;
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

export interface SetCopy {
  readonly setId: string;
  readonly destination: string;
}

export interface KmsKeyOfSet extends SetCopy {
  /** The id or ARN that opens it; null where only secret keys do. */
  readonly keyId: string | null;
  /** Why it cannot be told; null where it can. */
  readonly problem: string | null;
}
