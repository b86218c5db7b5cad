import type { Key } from 'openpgp';
import { integrityError, refused, usageError } from '../base/error.ts';

/** A public key that may sign for an operator; it was usable at the time it was asked for. */
export interface OperatorKey {
  /** Of the primary key: 40 uppercase hexadecimal digits. */
  readonly fingerprint: string;
  readonly userIds: readonly string[];
  /** The public half alone, ASCII-armored. */
  readonly armored: string;
  /** When it stops being usable for signatures; absent when it does not expire. */
  readonly expires?: Date;
}

/**
 * Reads one public key that can sign at `now`.
 * @throws {PosternError} exit 2 `operator-key-unreadable`, `operator-key-secret`; exit 6 `operator-key-unusable` when
 * it is expired, revoked by its owner, too weak or not for signing
 */
export async function readOperatorKey(armored: string, now: Date): Promise<OperatorKey> {
  const key = await readOnePublicKey(armored);
  const fingerprint = key.getFingerprint().toUpperCase();
  if (key.keyPacket.version !== 4)
    throw unusable(fingerprint, 'it is not a version 4 key, which every gpg reads');
  const expires = await key.getExpirationTime();
  if (await key.isRevoked(undefined, undefined, now)) throw unusable(fingerprint, 'its owner has revoked it');
  if (expires instanceof Date && expires <= now) {
    throw unusable(fingerprint, `it expired at ${expires.toISOString()}`);
  }
  try {
    await key.getSigningKey(undefined, now);
  } catch (cause) {
    throw unusable(
      fingerprint,
      'it cannot sign: a part of it is missing, expired, revoked or too weak',
      cause,
    );
  }
  return {
    fingerprint,
    userIds: key.getUserIDs(),
    armored: key.armor(),
    ...(expires instanceof Date ? { expires } : {}),
  };
}

/**
 * The operator's key as it is stored, which must be the key that the fingerprint names.
 * @throws {PosternError} exit 5 `operator-tampered`; exit 6 `operator-key-unusable`
 */
export async function readStoredOperatorKey(
  operator: { readonly fingerprint: string; readonly publicKey: string },
  now: Date,
): Promise<OperatorKey> {
  const key = await readOperatorKey(operator.publicKey, now);
  if (key.fingerprint === operator.fingerprint) return key;
  throw integrityError(`the key stored for operator ${operator.fingerprint} is ${key.fingerprint}`, {
    code: 'operator-tampered',
    hints: ['somebody changed the state database: `postern audit verify`'],
  });
}

async function readOnePublicKey(armored: string): Promise<Key> {
  const { readKeys } = await import('openpgp');
  const keys = await readKeys({ armoredKeys: armored }).catch((cause: unknown) => {
    throw unreadable(cause);
  });
  const [key] = keys;
  if (key === undefined || keys.length !== 1 || armored.split('-----BEGIN PGP ').length !== 2)
    throw unreadable();
  if (!key.isPrivate()) return key;
  throw usageError('this is a secret key, and an operator is enrolled by the public one', {
    code: 'operator-key-secret',
    hints: [`gpg --armor --export ${key.getFingerprint().toUpperCase()}`],
  });
}

function unreadable(cause?: unknown): Error {
  return usageError('expected one ASCII-armored OpenPGP public key', {
    code: 'operator-key-unreadable',
    cause,
    hints: ['gpg --armor --export FINGERPRINT writes one'],
  });
}

function unusable(fingerprint: string, why: string, cause?: unknown): Error {
  return refused(`key ${fingerprint} cannot sign for an operator: ${why}`, {
    code: 'operator-key-unusable',
    cause,
    hints: ['when its owner has extended or replaced it, enrol the new copy: `postern operator enroll`'],
  });
}
