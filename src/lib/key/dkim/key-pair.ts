import { createPrivateKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { usageError } from '../../base/error.ts';
import { type KeyType, publicKeyText } from './record.ts';

/** In the words of the configuration. */
export const dkimAlgorithms = ['rsa-2048', 'rsa-3072', 'rsa-4096', 'ed25519'] as const;
export type DkimAlgorithm = (typeof dkimAlgorithms)[number];

/** The public half of a key pair, as it stands in its record. */
export interface DkimPublicKey {
  readonly keyType: KeyType;
  readonly publicKey: string;
  /** Of an RSA modulus, or 256. */
  readonly bits: number;
}

/** A new private key: PEM, PKCS #8, not encrypted, as signers read it. */
export async function makePrivateKey(algorithm: DkimAlgorithm): Promise<string> {
  const generate = promisify(generateKeyPair);
  const { privateKey } =
    algorithm === 'ed25519'
      ? await generate('ed25519')
      : await generate('rsa', { modulusLength: Number(algorithm.slice('rsa-'.length)) });
  return String(privateKey.export({ type: 'pkcs8', format: 'pem' }));
}

/**
 * The public half of a private key in PEM.
 * @param name how the file is called in messages
 * @throws {PosternError} exit 2 `dkim-key-unreadable`, `dkim-key-type`
 */
export function publicHalf(pem: string, name: string): DkimPublicKey {
  const key = readPrivateKey(pem, name);
  const keyType = key.asymmetricKeyType;
  if (keyType !== 'rsa' && keyType !== 'ed25519') {
    throw usageError(`${name} is a key of type ${keyType}, and DKIM signs with rsa or ed25519`, {
      code: 'dkim-key-type',
    });
  }
  return { keyType, publicKey: publicKeyText(key), bits: key.asymmetricKeyDetails?.modulusLength ?? 256 };
}

function readPrivateKey(pem: string, name: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    // The library's message may quote what it read.
    throw usageError(`${name} is no private key in PEM that opens without a passphrase`, {
      code: 'dkim-key-unreadable',
    });
  }
}
