import { createPrivateKey, createPublicKey, type KeyObject, randomBytes } from 'node:crypto';
import type { EncryptionContext, KeyInContext, Kms } from '../kms.ts';
import { checkDigest, checkPlaintext, kmsKeyUnusable, kmsWrongKey } from '../kms-error.ts';
import { signDigest } from './ecdsa-p256.ts';
import {
  findKey,
  type KeyEntry,
  type KeyRing,
  materialId,
  materialOf,
  toKmsKey,
  usableKey,
} from './key-ring.ts';
import type { KeyRingAccess } from './key-ring-access.ts';
import { openMessage, readCiphertextHeader, sealMessage } from './kms-ciphertext.ts';

/** The keys of a file, used. */
export function localKmsUse({ location, now, read }: KeyRingAccess): Kms {
  function newest(key: KeyEntry): { readonly version: number; readonly material: Buffer } {
    const found = materialOf(key);
    if (found === undefined) throw kmsKeyUnusable(location, key.keyId, 'it holds no material');
    return found;
  }

  function seal(ring: KeyRing, { keyId, context }: KeyInContext, plaintext: Uint8Array): Sealed {
    const key = usableKey(ring, location, keyId, 'encrypt', now());
    const { version, material } = newest(key);
    const ciphertext = sealMessage({ keyId: key.keyId, keyVersion: version }, material, plaintext, context);
    return { ciphertext, materialId: materialId(key, version) };
  }

  function open(ring: KeyRing, { keyId, context }: KeyInContext, ciphertext: Uint8Array): Opened {
    const key = usableKey(ring, location, keyId, 'encrypt', now());
    const header = readCiphertextHeader(ciphertext);
    const used = header?.keyId === key.keyId ? materialOf(key, header.keyVersion) : undefined;
    if (used === undefined) throw kmsWrongKey(location, keyId);
    try {
      const plaintext = openMessage(used.material, ciphertext, context);
      return { plaintext, materialId: materialId(key, used.version) };
    } catch (error) {
      throw kmsWrongKey(location, keyId, error);
    }
  }

  function signingKey(ring: KeyRing, keyId: string): KeyObject {
    const { material } = newest(usableKey(ring, location, keyId, 'sign', now()));
    return createPrivateKey({ key: material, format: 'der', type: 'pkcs8' });
  }

  return {
    location,

    describeKey: (keyId) => read((ring) => toKmsKey(findKey(ring, location, keyId, now()))),

    async *listKeys() {
      yield* await read(({ keys }) => keys.map(toKmsKey));
    },

    async generateDataKey(keyId, context) {
      const plaintext = randomBytes(32);
      const sealed = await read((ring) => seal(ring, { keyId, context }, plaintext));
      return { plaintext, wrapped: sealed.ciphertext, materialId: sealed.materialId };
    },

    async encrypt(keyId: string, plaintext: Uint8Array, context: EncryptionContext) {
      checkPlaintext(plaintext);
      return read((ring) => seal(ring, { keyId, context }, plaintext).ciphertext);
    },

    decrypt: (keyId, ciphertext, context) =>
      read((ring) => open(ring, { keyId, context }, ciphertext).plaintext),

    reEncrypt: ({ ciphertext, from, to }) =>
      read((ring) => {
        const opened = open(ring, from, ciphertext);
        try {
          const sealed = seal(ring, to, opened.plaintext);
          return {
            ciphertext: sealed.ciphertext,
            sourceMaterialId: opened.materialId,
            destinationMaterialId: sealed.materialId,
          };
        } finally {
          opened.plaintext.fill(0);
        }
      }),

    currentMaterial: (keyId) =>
      read((ring) => {
        const key = usableKey(ring, location, keyId, 'encrypt', now());
        return materialId(key, newest(key).version);
      }),

    async sign(keyId, digest) {
      checkDigest(digest);
      return read((ring) => signDigest(signingKey(ring, keyId), digest));
    },

    publicKey: (keyId) =>
      read((ring) => createPublicKey(signingKey(ring, keyId)).export({ format: 'der', type: 'spki' })),
  };
}

interface Sealed {
  readonly ciphertext: Uint8Array;
  readonly materialId: string;
}

interface Opened {
  readonly plaintext: Uint8Array;
  readonly materialId: string;
}
