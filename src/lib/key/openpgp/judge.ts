import { integrityError, usageError } from '../../base/error.ts';
import { describeKey } from '../../crypto/openpgp-key-description.ts';
import { mergePublicKeys } from '../../crypto/openpgp-merge.ts';
import { readRecipient } from '../../crypto/openpgp-recipient.ts';
import { signerEnd } from '../../crypto/openpgp-signer.ts';
import type { RotateInputs } from './inputs.ts';

/** What a public key is good for, as backups judge it. */
export interface Judged {
  /** Of the encryption key that new sets are made for; null for a signer. */
  readonly encryptionFingerprint: string | null;
  readonly encryptionKeyId: string | null;
  /** RFC 3339; null: it does not end. */
  readonly ends: string | null;
}

/** @throws {PosternError} exit 2 with the codes of `readRecipient` and `signerEnd` */
export async function judge(publicKey: string, role: RotateInputs['role'], now: Date): Promise<Judged> {
  if (role === 'signer') {
    const end = await signerEnd(publicKey, now);
    return { encryptionFingerprint: null, encryptionKeyId: null, ends: end?.toISOString() ?? null };
  }
  const { encryptionFingerprint, encryptionKeyId, expires } = await readRecipient(publicKey, now);
  return { encryptionFingerprint, encryptionKeyId, ends: expires?.toISOString() ?? null };
}

/**
 * A public key as a file will hold it: with what the file has and the new one lacks, revocations above all.
 * @throws {PosternError} exit 2 as `judge`, `keys-differ`, `public-file-is-secret`, and `key-not-taken` when backups would
 * go on with another encryption key than the new one
 */
export async function mergeJudged(
  publicKey: string,
  { path, before }: { readonly path: string; readonly before: Uint8Array | undefined },
  { role, now }: { readonly role: RotateInputs['role']; readonly now: Date },
): Promise<{ readonly armored: string; readonly judged: Judged }> {
  if (before !== undefined && (await describeKey(before, now)).kind === 'secret') throw isSecret(path);
  const armored = before === undefined ? publicKey : await mergePublicKeys(publicKey, before);
  const wanted = await judge(publicKey, role, now);
  const judged = await judge(armored, role, now);
  if (isSame(judged, wanted)) return { armored, judged };
  throw usageError(`backups would take ${shown(judged)} from ${path}, not ${shown(wanted)}`, {
    code: 'key-not-taken',
    hints: ['it was changed later, elsewhere: rotate the secret key that has that change'],
  });
}

/** A public key written over it would be the end of the secret. */
function isSecret(path: string): Error {
  return usageError(`${path} holds a secret key, and a public key is to be written there`, {
    code: 'public-file-is-secret',
    hints: ['name another file for the public half'],
  });
}

/** @throws {PosternError} exit 5, `key-not-published` */
export function requireSame(path: string, found: Judged, wanted: Judged): void {
  if (isSame(found, wanted)) return;
  throw integrityError(`${path} does not hold what was published there`, {
    code: 'key-not-published',
    hints: ['find out who else writes there, and run this again'],
  });
}

function isSame(a: Judged, b: Judged): boolean {
  return a.encryptionFingerprint === b.encryptionFingerprint && a.ends === b.ends;
}

function shown({ encryptionKeyId, ends }: Judged): string {
  return `${encryptionKeyId ?? 'a signing key'} ${ends === null ? 'without an end' : `until ${ends}`}`;
}

/** Whether a key opens messages, or only signs. @throws {PosternError} exit 2 as `describeKey` */
export async function roleOf(key: string | Uint8Array, now: Date): Promise<RotateInputs['role']> {
  return (await describeKey(key, now)).encryptionKeys.length > 0 ? 'recipient' : 'signer';
}
