import type { Clock } from '../../base/clock.ts';
import type { Client, Queryable } from '../../base/postgres.ts';
import type { Progress } from '../../base/progress.ts';
import type { KmsService } from '../../cloud/kms-service.ts';
import type { DataMap } from '../../platform/map/index.ts';
import type { DkimContext } from '../dkim/index.ts';
import type { PasswordContext } from '../password/index.ts';

/** All that the register asks. What the profile does not have is left out, and there are no such keys. */
export interface RegisterContext {
  readonly profile: string;
  readonly clock: Clock;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  readonly cryptoperiods: Cryptoperiods;
  readonly state?: () => Promise<Queryable>;
  readonly platform?: {
    /** For reading; the caller ends it. */
    open(): Promise<Client>;
    map(): Promise<DataMap>;
  };
  readonly kms?: KmsSource;
  readonly recipients: readonly KeyFile[];
  /** One for each use; a key that is used twice is one row. */
  readonly signers: readonly KeyFile[];
  readonly certificateSigner?: CertificateSigner;
  readonly backups?: BackupSource;
  readonly passwords?: { readonly names: readonly string[]; context(): Promise<PasswordContext> };
  readonly dkim?: () => Promise<DkimContext>;
}

/** Milliseconds; a password and a DKIM domain bring their own. */
export type Cryptoperiods = Readonly<Record<'kek' | 'dek' | 'hmac' | 'openpgp' | 'signer', number>>;

export interface KmsSource {
  open(): Promise<KmsService>;
  /** `all`: every key there is ours, as in a file of keys. `named`: an account has keys of others as well. */
  readonly scope: 'all' | 'named';
  /** The keys that the configuration names. */
  readonly named: readonly { readonly keyId: string; readonly usedFor: string }[];
}

/** An OpenPGP key that the configuration names. */
export interface KeyFile {
  /** As the configuration has it. */
  readonly file: string;
  readonly usedFor: string;
  readonly read: () => Promise<string>;
}

/** A key in a file that signs certificates; one of the KMS is among its named keys. */
export interface CertificateSigner {
  readonly file: string;
  keyId(): Promise<string>;
}

export interface BackupSource {
  /** Complete sets that are kept somewhere, oldest first. */
  sets(): Promise<readonly RetainedSet[]>;
  /** Which keys open which of them; undefined where the stores are not to be asked. */
  readonly access?: (setIds: readonly string[]) => Promise<readonly OpenableSet[]>;
}

export interface RetainedSet {
  readonly setId: string;
  /** RFC 3339, UTC. */
  readonly startedAt: string;
  /** When the last of its locks ends; null where no store keeps it locked. */
  readonly lockedUntil: string | null;
}

export interface OpenableSet {
  readonly setId: string;
  /** Of the encryption keys that open it: 16 uppercase hexadecimal digits. */
  readonly keyIds: ReadonlySet<string>;
  /** Why it cannot be told; null where it can. */
  readonly problem: string | null;
}
