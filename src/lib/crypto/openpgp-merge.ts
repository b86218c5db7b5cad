import type { Key, SignaturePacket, User } from 'openpgp';
import { usageError } from '../base/error.ts';
import { readRecipientKey } from './openpgp-recipient.ts';

/**
 * One public key with all that either copy of it holds: user ids, subkeys, every signature, every revocation. Nothing
 * is judged, and nothing left out because it is older.
 *
 * Throws as `readRecipientKey`, and `usageError` with code `'keys-differ'` when they are not the same primary key.
 * @returns ASCII-armored
 */
export async function mergePublicKeys(
  newer: string | Uint8Array,
  older: string | Uint8Array,
): Promise<string> {
  const [into, from] = await Promise.all(
    [newer, older].map(async (data) => (await readRecipientKey(data)).toPublic()),
  );
  if (into === undefined || from === undefined || into.getFingerprint() !== from.getFingerprint())
    throw usageError(
      `${into?.getFingerprint().toUpperCase()} and ${from?.getFingerprint().toUpperCase()} are different keys`,
      { code: 'keys-differ', hints: ['a rotated key keeps its primary key, and with it its fingerprint'] },
    );
  addSignatures(into.revocationSignatures, from.revocationSignatures);
  addSignatures(directOf(into), directOf(from));
  for (const user of from.users) {
    const same = into.users.find((each) => nameOf(each) === nameOf(user));
    if (same === undefined) {
      into.users.push(user);
      continue;
    }
    addSignatures(same.selfCertifications, user.selfCertifications);
    addSignatures(same.otherCertifications, user.otherCertifications);
    addSignatures(same.revocationSignatures, user.revocationSignatures);
  }
  for (const subkey of from.subkeys) {
    const same = into.subkeys.find((each) => each.getFingerprint() === subkey.getFingerprint());
    if (same === undefined) {
      into.subkeys.push(subkey);
      continue;
    }
    addSignatures(same.bindingSignatures, subkey.bindingSignatures);
    addSignatures(same.revocationSignatures, subkey.revocationSignatures);
  }
  return into.armor();
}

/** The public half of a key file, ASCII-armored. Throws as `readRecipientKey`. */
export async function publicHalf(data: string | Uint8Array): Promise<string> {
  return (await readRecipientKey(data)).toPublic().armor();
}

function directOf(key: Key): SignaturePacket[] {
  return (key as unknown as { readonly directSignatures: SignaturePacket[] }).directSignatures;
}

/** A user id or a picture, byte for byte. */
function nameOf({ userID, userAttribute }: User): string {
  const bytes = (userID ?? userAttribute)?.write() ?? new Uint8Array();
  return `${userID === null ? 'attribute' : 'id'} ${Buffer.from(bytes).toString('base64')}`;
}

function addSignatures(into: SignaturePacket[], from: readonly SignaturePacket[]): void {
  const bytes = (signature: SignaturePacket): string => Buffer.from(signature.write()).toString('base64');
  const known = new Set(into.map(bytes));
  into.push(...from.filter((signature) => !known.has(bytes(signature))));
}
