/**
 * A key management service: keys that never leave it. `keyId` is always a key's own id or ARN, never an alias,
 * because an alias can be moved under a ciphertext.
 *
 * Every method throws `PosternError`: exit 1 when the service cannot be reached or refuses, `code: 'kms-key-missing'`,
 * `'kms-key-unusable'` (disabled, pending deletion), `'kms-access-denied'`, `'kms-wrong-key'` (exit 5: the ciphertext
 * was made by another key, with another context, or was changed).
 */
export interface Kms {
  /** Where this is, for messages. Never a credential. */
  readonly location: string;

  /** Makes a key. `usage: 'encrypt'` is AES-256; `usage: 'sign'` is ECDSA on P-256. */
  createKey(options: { readonly usage: KeyUsage; readonly description: string }): Promise<KmsKey>;

  describeKey(keyId: string): Promise<KmsKey>;

  /** All keys, in a stable order. */
  listKeys(): AsyncIterable<KmsKey>;

  /** A new 256-bit data key: in clear for use at once, and wrapped under the key for storage. */
  generateDataKey(
    keyId: string,
    context: EncryptionContext,
  ): Promise<{ readonly plaintext: Uint8Array; readonly wrapped: Uint8Array }>;

  /** Encrypts at most 4,096 bytes. */
  encrypt(keyId: string, plaintext: Uint8Array, context: EncryptionContext): Promise<Uint8Array>;

  /** Decrypts with exactly this key and context. */
  decrypt(keyId: string, ciphertext: Uint8Array, context: EncryptionContext): Promise<Uint8Array>;

  /** Signs a SHA-256 digest (32 bytes) with ECDSA P-256; the signature is DER. */
  sign(keyId: string, digest: Uint8Array): Promise<Uint8Array>;

  /** The public half of a signing key, SubjectPublicKeyInfo DER. */
  publicKey(keyId: string): Promise<Uint8Array>;

  enableKey(keyId: string): Promise<void>;
  disableKey(keyId: string): Promise<void>;

  /** Schedules destruction after 7 to 30 days; it can be cancelled until then. */
  scheduleKeyDeletion(keyId: string, days: number): Promise<{ readonly deletionDate: Date }>;

  /** Leaves the key disabled, as AWS does: enable it afterwards. */
  cancelKeyDeletion(keyId: string): Promise<void>;
}

export type KeyUsage = 'encrypt' | 'sign';

/** Bound to the ciphertext as additional authenticated data; not secret. */
export type EncryptionContext = Readonly<Record<string, string>>;

export interface KmsKey {
  readonly keyId: string;
  /** The full name: an ARN on AWS, `local:<keyId>` on the local adapter. */
  readonly arn: string;
  readonly usage: KeyUsage;
  readonly state: 'enabled' | 'disabled' | 'pending-deletion' | 'unavailable';
  readonly description: string;
  readonly created: Date;
  readonly deletionDate?: Date;
}
