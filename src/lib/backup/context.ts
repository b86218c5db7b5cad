import type { AuditContext } from '../audit/audited.ts';
import type { Progress } from '../base/progress.ts';
import type { Kms } from '../cloud/kms.ts';
import type { ObjectStore } from '../cloud/object-store.ts';
import type { Recipient } from '../crypto/openpgp-recipient.ts';
import type { Destination } from './destination.ts';
import type { CompressionLevel } from './format/zstd-frames.ts';
import type { ObjectBackup, ObjectReference } from './objects/settings.ts';

/** Where the sets of one profile are, as a reader sees them: one destination, and whose signature is believed. */
export interface SetStore {
  /** The destination's name. */
  readonly destination: string;
  readonly store: ObjectStore;
  readonly profile: string;
  /** The folder of the profile's sets inside the store, with a slash at its end. */
  readonly prefix: string;
  /** Armored public keys. */
  readonly trustedSigners: readonly string[];
}

/** What opens a set; only where the secret half of a recipient's key is at hand. */
export interface SecretKeys {
  /** May be none where a key management service opens the sets. */
  readonly armored: readonly string[];
  readonly passphrase?: string;
  /** Asked for sets that name one of its keys, when none of the secret keys fits. */
  readonly kms?: () => Promise<Kms>;
}

/** A database that goes into every set. */
export interface DatabaseSource {
  /** `platform`, the name of a further database of the platform, or `state`; also its folder in the set. */
  readonly name: string;
  /** With its password. */
  readonly url: string;
  /** Columns with the wrapped keys of subjects, from the data map: they go into a keyring of their own. */
  readonly wrappedKeys: readonly { readonly table: string; readonly column: string }[];
  /** Which objects its rows name, from the data map; none unless told. */
  readonly objectKeys?: readonly ObjectReference[];
}

export interface BackupContext extends AuditContext {
  readonly progress: Progress;
  readonly signal: AbortSignal;
  readonly profile: string;
  /** At least one. */
  readonly destinations: readonly Destination[];
  /** At least one; names are unique. */
  readonly sources: readonly DatabaseSource[];
  /** Destinations whose stores may be empty although sets were put there: these are given up for lost. */
  readonly acceptedNewStores?: readonly string[];
  /** Left out where no mail objects go along. */
  readonly objects?: ObjectBackup;
  readonly recipients: readonly Recipient[];
  readonly signer: Signer;
  /** Wraps what opens each set, besides the recipients. */
  readonly kms?: WrappingKey;
  readonly options: BackupOptions;
  /** What goes into the manifest: `postern 0.1.0`. */
  readonly tool: string;
}

/** Who signs sets; its public half is among the trusted ones. */
export interface Signer {
  readonly secretKey: string;
  readonly passphrase?: string;
  readonly fingerprint: string;
  readonly publicKey: string;
}

/** A key of a key management service; this host need only be allowed to encrypt with it. */
export interface WrappingKey {
  readonly kms: Kms;
  readonly keyId: string;
}

export interface BackupOptions {
  /** Bytes of an encrypted part. */
  readonly partSize: number;
  /** zstd. */
  readonly level: CompressionLevel;
  readonly workers: number;
  readonly verifyBeforeUpload: boolean;
  readonly pgDump?: string;
  /** Milliseconds to wait for a table that somebody has locked exclusively; one minute unless told. */
  readonly lockTimeout?: number;
  /** A larger table is read in ranges of about this many bytes; by size and number of workers unless told. */
  readonly rangeBytes?: number;
}
