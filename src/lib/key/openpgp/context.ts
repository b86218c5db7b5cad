import type { OperationContext } from '../../operation/context.ts';

/** What rotating OpenPGP keys of the backups works with. */
export interface OpenpgpContext extends OperationContext {
  /** Absolute paths of the public keys that the configuration names: of recipients and of trusted signers. */
  readonly publicFiles: readonly string[];
  /** Absolute paths of the secret keys that it names. */
  readonly secretFiles: readonly string[];
  /** Out of a file, else the configured one of this secret key; undefined where there is none. */
  passphrase(secretFile: string, passphraseFile: string | null): Promise<string | undefined>;
  /** Backup sets that one of these encryption keys opens; undefined where this host cannot tell. */
  setsOpenedBy(keyIds: readonly string[]): Promise<NeededBy | undefined>;
}

/** What an old secret has to be kept for. */
export interface NeededBy {
  readonly sets: number;
  /** The last lock of them to end, RFC 3339; null where none is locked. */
  readonly lockedUntil: string | null;
  /** Sets that could not be asked. */
  readonly unknown: number;
}
