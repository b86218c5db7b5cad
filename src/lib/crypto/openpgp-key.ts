import { messageOf, usageError } from '../base/error.ts';
import { openpgpConfig } from './openpgp-config.ts';

export { readRecipient } from './openpgp-recipient.ts';
export { readSecretKey } from './openpgp-secret-key.ts';

export interface GenerateKeyPairOptions {
  readonly name: string;
  readonly email: string;
  /** `encrypt`: a certifying primary key with an encryption subkey. `sign`: a primary key that certifies and signs. */
  readonly purpose: 'encrypt' | 'sign';
  /** Locks the secret half; left out, the secret half is stored in clear and its file is its only protection. */
  readonly passphrase?: string;
  /** Whole days from `now`, for the primary key and its subkey alike; left out, the key does not expire. */
  readonly expiresInDays?: number;
  readonly now?: Date;
}

export interface KeyPair {
  /** ASCII-armored, for anybody. */
  readonly publicKey: string;
  /** ASCII-armored, for the one who opens or signs. */
  readonly secretKey: string;
  /** ASCII-armored; whoever holds it can declare the key revoked without the secret half. */
  readonly revocationCertificate: string;
  /** 40 uppercase hexadecimal digits, as gpg prints them. */
  readonly fingerprint: string;
}

const secondsPerDay = 86_400;

/** The expiry is stored as 32 bits of seconds (RFC 9580 §5.2.3.13). */
const maxDays = 49_710;

/**
 * Makes a version 4 key on Ed25519 and X25519 with the curve identifiers that every gpg since 2.1 reads (the "legacy"
 * ones of RFC 9580 §9.2), not the newer algorithm numbers 25 and 27, which gpg 2.2 does not know.
 *
 * Throws `usageError`, code `'key-user-id-invalid'` or `'key-expiry-invalid'`.
 */
export async function generateKeyPair(options: GenerateKeyPairOptions): Promise<KeyPair> {
  checkOptions(options);
  const openpgp = await import('openpgp');
  const curve = 'ed25519Legacy';
  const { privateKey, publicKey, revocationCertificate } = await openpgp
    .generateKey({
      userIDs: [{ name: options.name, email: options.email }],
      type: 'ecc',
      curve,
      subkeys: options.purpose === 'encrypt' ? [{ type: 'ecc', curve }] : [],
      format: 'object',
      config: await openpgpConfig(),
      ...(options.passphrase === undefined ? {} : { passphrase: options.passphrase }),
      ...(options.expiresInDays === undefined
        ? {}
        : { keyExpirationTime: options.expiresInDays * secondsPerDay }),
      ...(options.now === undefined ? {} : { date: options.now }),
    })
    .catch((cause: unknown) => {
      throw messageOf(cause).includes('user ID') ? invalidUserId(options, cause) : cause;
    });
  return {
    publicKey: publicKey.armor(),
    secretKey: privateKey.armor(),
    revocationCertificate,
    fingerprint: publicKey.getFingerprint().toUpperCase(),
  };
}

function checkOptions(options: GenerateKeyPairOptions): void {
  if (!/^[^<>()\p{Cc}]+$/u.test(options.name)) throw invalidUserId(options, undefined);
  const days = options.expiresInDays;
  if (days !== undefined && !(Number.isInteger(days) && days >= 1 && days <= maxDays)) {
    throw usageError(`a key cannot expire in ${days} days`, {
      code: 'key-expiry-invalid',
      hints: [`give whole days from 1 to ${maxDays}`],
    });
  }
}

function invalidUserId({ name, email }: GenerateKeyPairOptions, cause: unknown): Error {
  return usageError(`${JSON.stringify(`${name} <${email}>`)} is not a valid OpenPGP user id`, {
    code: 'key-user-id-invalid',
    hints: ['give a name without brackets, and an e-mail address such as backup@example.org'],
    cause,
  });
}
