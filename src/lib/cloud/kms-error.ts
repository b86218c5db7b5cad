import { failure, integrityError, type PosternError, usageError } from '../base/error.ts';

/** The outcomes that every key management service reports in the same words, so that callers need not know the adapter. */

export function kmsKeyMissing(location: string, keyId: string, cause?: unknown): PosternError {
  return failure(`there is no key ${keyId} in ${location}`, {
    code: 'kms-key-missing',
    cause,
    hints: ['check the key id and that this is the account, region or file that made it'],
  });
}

export function kmsKeyUnusable(location: string, keyId: string, why: string, cause?: unknown): PosternError {
  return failure(`the key ${keyId} in ${location} cannot be used: ${why}`, {
    code: 'kms-key-unusable',
    cause,
  });
}

export function kmsWrongKey(location: string, keyId: string, cause?: unknown): PosternError {
  return integrityError(
    `the ciphertext does not open with the key ${keyId} in ${location}: another key or context made it, or it was changed`,
    { code: 'kms-wrong-key', cause },
  );
}

/** @throws {PosternError} exit 2, `kms-alias`: an alias can be moved under a ciphertext */
export function refuseAlias(keyId: string): void {
  if (!/^alias\/|:alias\//.test(keyId)) return;
  throw usageError(`${keyId} is an alias, and an alias can come to mean another key`, {
    code: 'kms-alias',
    hints: ["give the key's own id or ARN: aws kms describe-key --key-id ALIAS"],
  });
}

/** @throws {PosternError} exit 2, `kms-plaintext-size` outside 1 to 4,096 bytes */
export function checkPlaintext(plaintext: Uint8Array): void {
  if (plaintext.byteLength >= 1 && plaintext.byteLength <= 4096) return;
  throw usageError(`a key management service encrypts 1 to 4,096 bytes, not ${plaintext.byteLength}`, {
    code: 'kms-plaintext-size',
    hints: ['encrypt larger data under a data key'],
  });
}

/** @throws {PosternError} exit 2, `kms-digest-size` unless it is a SHA-256 digest */
export function checkDigest(digest: Uint8Array): void {
  if (digest.byteLength === 32) return;
  throw usageError(`a SHA-256 digest has 32 bytes, not ${digest.byteLength}`, { code: 'kms-digest-size' });
}

/** @throws {PosternError} exit 2, `kms-deletion-days` outside 7 to 30 */
export function checkDeletionDays(days: number): void {
  if (Number.isInteger(days) && days >= 7 && days <= 30) return;
  throw usageError(`a key is destroyed after 7 to 30 days, not ${days}`, { code: 'kms-deletion-days' });
}

export function kmsUnsupported(location: string, keyId: string, what: string, cause?: unknown): PosternError {
  return usageError(`the key ${keyId} in ${location} cannot ${what}`, { code: 'kms-unsupported', cause });
}

export function kmsAliasMissing(location: string, name: string, cause?: unknown): PosternError {
  return failure(`there is no ${name} in ${location}`, {
    code: 'kms-alias-missing',
    cause,
    hints: ['check its spelling and that this is the account, region or file that has it'],
  });
}

export function kmsAliasExists(location: string, name: string, cause?: unknown): PosternError {
  return failure(`there is an ${name} in ${location} already`, { code: 'kms-alias-exists', cause });
}

/** @throws {PosternError} exit 2, `kms-alias-name` (AWS KMS API, CreateAlias) */
export function checkAliasName(name: string): void {
  if (/^alias\/[A-Za-z0-9/_-]{1,250}$/.test(name) && !name.startsWith('alias/aws/')) return;
  throw usageError(`${name} is no name for an alias`, {
    code: 'kms-alias-name',
    hints: ['alias/ and letters, digits, /, _ or -; alias/aws/ belongs to AWS'],
  });
}

/** @throws {PosternError} exit 2, `kms-rotation-period` outside 90 to 2,560 days (AWS KMS API, EnableKeyRotation) */
export function checkRotationPeriod(days: number): void {
  if (Number.isInteger(days) && days >= 90 && days <= 2560) return;
  throw usageError(`a key is rotated every 90 to 2,560 days, not ${days}`, { code: 'kms-rotation-period' });
}
