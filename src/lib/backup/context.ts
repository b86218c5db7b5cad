import type { AuditContext } from '../audit/audited.ts';
import type { Progress } from '../base/progress.ts';
import type { ObjectStore } from '../cloud/object-store.ts';
import type { Recipient } from '../crypto/openpgp-recipient.ts';
import type { CompressionLevel } from './format/zstd-frames.ts';

/** Where the sets of one profile are, and whose signature on them is believed. */
export interface SetStore {
  readonly store: ObjectStore;
  readonly profile: string;
  /** The folder of the profile's sets inside the store, with a slash at its end. */
  readonly prefix: string;
  /** Armored public keys. */
  readonly trustedSigners: readonly string[];
}

/** What opens a set; only where the secret half of a recipient's key is at hand. */
export interface SecretKeys {
  readonly armored: readonly string[];
  readonly passphrase?: string;
}

export interface BackupContext extends AuditContext {
  readonly progress: Progress;
  readonly signal: AbortSignal;
  readonly sets: SetStore;
  /** Of the platform database, with its password. */
  readonly platformUrl: string;
  readonly recipients: readonly Recipient[];
  readonly signer: {
    readonly secretKey: string;
    readonly passphrase?: string;
    readonly fingerprint: string;
    readonly publicKey: string;
  };
  readonly options: BackupOptions;
  /** What goes into the manifest: `postern 0.1.0`. */
  readonly tool: string;
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
