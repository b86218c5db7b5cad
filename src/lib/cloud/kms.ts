/**
 * A key management service, as those use it who encrypt, decrypt and sign: keys never leave it. Keys are made, disabled
 * and destroyed through `KmsAdmin`, rotated through `KmsRotation`.
 *
 * `keyId` is always a key's own id or ARN, never an alias, because an alias can be moved under a ciphertext
 * (`kms-alias`, exit 2).
 *
 * Every method of every port of the service throws `PosternError`: exit 1 when the service cannot be reached or
 * refuses, `code: 'kms-key-missing'`, `'kms-key-unusable'` (disabled, pending deletion, of the other usage),
 * `'kms-access-denied'`, `'kms-limit'` (a quota of the service that waiting does not help against); exit 2
 * `'kms-unsupported'` (this kind of key cannot do that); exit 5 `'kms-wrong-key'` (the ciphertext was made by another
 * key, with another context, or was changed).
 */
export interface Kms {
  /** Where this is, for messages. Never a credential. */
  readonly location: string;

  describeKey(keyId: string): Promise<KmsKey>;

  /** All keys, in a stable order. */
  listKeys(): AsyncIterable<KmsKey>;

  /** A new 256-bit data key: in clear for use at once, and wrapped under the key for storage. */
  generateDataKey(keyId: string, context: EncryptionContext): Promise<DataKey>;

  /** Encrypts at most 4,096 bytes. Which material did it is not told, because AWS does not: see `currentMaterial`. */
  encrypt(keyId: string, plaintext: Uint8Array, context: EncryptionContext): Promise<Uint8Array>;

  /** Decrypts with exactly this key and context. */
  decrypt(keyId: string, ciphertext: Uint8Array, context: EncryptionContext): Promise<Uint8Array>;

  /**
   * Decrypts with exactly the key and context `from`, and encrypts under `to`, inside the service: the plaintext never
   * leaves it. The two may name the same key, to move a ciphertext to the key's current material.
   */
  reEncrypt(request: ReEncryption): Promise<ReEncrypted>;

  /**
   * A probe: the id of the material that made a ciphertext just now. For a while after a rotation it can still be the
   * old one, and it can differ from one call to the next. Undefined from a server that knows no materials.
   */
  currentMaterial(keyId: string): Promise<string | undefined>;

  /** Signs a SHA-256 digest (32 bytes) with ECDSA P-256; the signature is DER. */
  sign(keyId: string, digest: Uint8Array): Promise<Uint8Array>;

  /** The public half of a signing key, SubjectPublicKeyInfo DER. */
  publicKey(keyId: string): Promise<Uint8Array>;
}

export type KeyUsage = 'encrypt' | 'sign';

/** Bound to the ciphertext as additional authenticated data; not secret. */
export type EncryptionContext = Readonly<Record<string, string>>;

export interface DataKey {
  /** 32 bytes; whoever asked wipes them. */
  readonly plaintext: Uint8Array;
  readonly wrapped: Uint8Array;
  /** The material that wrapped it, where the service tells. */
  readonly materialId?: string;
}

/** A key, and the context that a ciphertext under it is bound to. */
export interface KeyInContext {
  readonly keyId: string;
  readonly context: EncryptionContext;
}

export interface ReEncryption {
  readonly ciphertext: Uint8Array;
  readonly from: KeyInContext;
  readonly to: KeyInContext;
}

export interface ReEncrypted {
  readonly ciphertext: Uint8Array;
  /** The materials that had made the old ciphertext and that made the new one, where the service tells. */
  readonly sourceMaterialId?: string;
  readonly destinationMaterialId?: string;
}

export interface KmsKey {
  readonly keyId: string;
  /** The full name: an ARN on AWS, `local:<keyId>` on the local adapter. */
  readonly arn: string;
  readonly usage: KeyUsage;
  readonly state: 'enabled' | 'disabled' | 'pending-deletion' | 'unavailable';
  readonly description: string;
  readonly created: Date;
  readonly deletionDate?: Date;
  /** The material that new ciphertexts are made with, as the service records it; only `encrypt` keys have one. */
  readonly currentMaterialId?: string;
}
