import { usageError } from '../base/error.ts';

/**
 * Until when a public key can sign: the earlier of the primary key's and the signing key's end.
 * @returns undefined when neither ends
 *
 * Throws `usageError`, code `'signer-cannot-sign'`, for a key that cannot sign now.
 */
export async function signerEnd(armoredKey: string, now: Date): Promise<Date | undefined> {
  const { readKey } = await import('openpgp');
  const key = await readKey({ armoredKey });
  const signing = await key.getSigningKey(undefined, now).catch((cause: unknown) => {
    throw usageError(`the key ${key.getFingerprint().toUpperCase()} cannot sign now`, {
      code: 'signer-cannot-sign',
      cause,
      hints: ['it has expired, was revoked, or is not for signing: let its owner extend it, or name another'],
    });
  });
  const ends = [await key.getExpirationTime(), await signing.getExpirationTime()];
  return ends.filter((end) => end instanceof Date).toSorted((a, b) => a.getTime() - b.getTime())[0];
}
