import { PosternError, usageError } from '../../base/error.ts';
import { openpgpConfig } from '../../crypto/openpgp-config.ts';
import { readSecretKey, type SecretKey } from '../../crypto/openpgp-secret-key.ts';
import { kmsLocked, type Seal } from './key-seal.ts';

/** Whose key opens the file. */
export function newOpenPgpHeader(fingerprint: string): {
  readonly method: 'openpgp';
  readonly fingerprint: string;
} {
  return { method: 'openpgp', fingerprint };
}

/** @throws {PosternError} exit 1 `kms-locked` for a missing or wrong passphrase; exit 2 for what is not a secret key */
export async function unlockSecretKey(
  armored: string,
  passphrase: string | undefined,
  location: string,
): Promise<SecretKey> {
  try {
    return await readSecretKey(armored, passphrase);
  } catch (error) {
    if (error instanceof PosternError && error.code === 'secret-key-locked') {
      throw kmsLocked(location, error.message, error);
    }
    throw error;
  }
}

/**
 * Encrypts to the key and signs with it, because whoever has only its public half must not be able to put keys of his
 * own in place. The header is repeated inside the message, which authenticates it.
 */
export async function openPgpSeal(
  header: string,
  seal: unknown,
  secret: SecretKey,
  location: string,
): Promise<Seal> {
  const { createMessage, decrypt, encrypt, readMessage } = await import('openpgp');
  const config = await openpgpConfig();
  const { fingerprint } = seal as { readonly fingerprint?: unknown };
  if (fingerprint !== secret.fingerprint) {
    throw kmsLocked(location, `it is sealed to ${String(fingerprint)}, not to ${secret.fingerprint}`);
  }
  const verificationKeys = secret.key.toPublic();
  return {
    header,
    async close(plaintext) {
      const message = await createMessage({ binary: plaintext });
      try {
        return await encrypt({ message, encryptionKeys: verificationKeys, signingKeys: secret.key, config });
      } catch (error) {
        throw usageError(`the key ${secret.fingerprint} cannot both encrypt and sign`, {
          code: 'kms-unlock-key',
          cause: error,
          hints: ['use a key that has not expired and has an encryption subkey and a signing key'],
        });
      }
    },
    async open(body) {
      try {
        const message = await readMessage({ armoredMessage: body });
        const options = { message, decryptionKeys: secret.key, verificationKeys, expectSigned: true, config };
        const { data } = await decrypt({ ...options, format: 'binary' });
        return data;
      } catch (error) {
        throw kmsLocked(location, 'the OpenPGP key does not open it, or the file was changed', error);
      }
    },
  };
}
