import type { KeyUsage, KmsKey } from './kms.ts';

/** The life of keys in a key management service. Errors as `Kms`. */
export interface KmsAdmin {
  /** Makes a key. `usage: 'encrypt'` is AES-256; `usage: 'sign'` is ECDSA on P-256. */
  createKey(options: { readonly usage: KeyUsage; readonly description: string }): Promise<KmsKey>;

  enableKey(keyId: string): Promise<void>;
  disableKey(keyId: string): Promise<void>;

  /** Schedules destruction after 7 to 30 days; it can be cancelled until then. */
  scheduleKeyDeletion(keyId: string, days: number): Promise<{ readonly deletionDate: Date }>;

  /** Leaves the key disabled, as AWS does: enable it afterwards. */
  cancelKeyDeletion(keyId: string): Promise<void>;

  /**
   * When the key last did what it is for. The answer can lag behind by an hour, and one's own test counts as a use, so
   * it is a reason against destroying a key, never the only one for it.
   */
  lastUse(keyId: string): Promise<KeyLastUse>;
}

export type KeyLastUse =
  | {
      readonly known: 'used';
      readonly at: Date;
      /** As the service names it: `Decrypt`. */
      readonly operation: string;
    }
  /** Not used since the service began to watch; before that it may have been. */
  | { readonly known: 'unused'; readonly since: Date }
  | { readonly known: 'unknown'; readonly why: string };
