import { createPublicKey, hash } from 'node:crypto';
import type { Kms } from '../cloud/kms.ts';
import { type DsseSigner, keyIdOf } from '../crypto/dsse.ts';

/**
 * Signs certificates with a key that never leaves its key management service: ECDSA on P-256 over SHA-256, DER.
 * @throws {PosternError} as `Kms.publicKey`; signing as `Kms.sign`
 */
export async function kmsSigner(kms: Kms, keyId: string): Promise<DsseSigner> {
  const pem = await kmsPublicKeyPem(kms, keyId);
  return {
    keyId: keyIdOf(pem),
    sign: (message) => kms.sign(keyId, hash('sha256', message, 'buffer')),
  };
}

/** The public half as PEM (SubjectPublicKeyInfo), for those who verify. */
export async function kmsPublicKeyPem(kms: Kms, keyId: string): Promise<string> {
  const der = Buffer.from(await kms.publicKey(keyId));
  return createPublicKey({ key: der, format: 'der', type: 'spki' })
    .export({ format: 'pem', type: 'spki' })
    .toString();
}
