import type { EncryptionContext } from '../../cloud/kms.ts';

/** The life of a key's version; only an active one encrypts. */
export type KeyState =
  | 'pre-active'
  | 'active'
  | 'decrypt-only'
  | 'drained'
  | 'disabled'
  | 'pending-deletion'
  | 'destroyed'
  | 'compromised';

/** A row of a keyring: one version of a data encryption key. */
export interface KeyVersion {
  /** The UUID that encrypted values name. */
  readonly id: string;
  /** Whose key it is; empty where the keyring has no subjects. */
  readonly subject: string;
  readonly version: number;
  /** A platform may write words of its own. */
  readonly state: string;
  /** The id or ARN of the KMS key that wraps it. */
  readonly kek: string;
  readonly wrapped: Buffer;
  /** The material inside the KMS key, where the keyring keeps it and somebody wrote it. */
  readonly material?: string;
  /** What the wrapped key is bound to. */
  readonly context: EncryptionContext;
}

/** In which states a key may still decrypt. */
export const decryptingStates: readonly string[] = [
  'active',
  'decrypt-only',
  'drained',
  'compromised',
] satisfies readonly KeyState[];
