import type { Key, Subkey } from 'openpgp';
import { usageError } from '../base/error.ts';
import { asArmor, countArmorBlocks } from './openpgp-armor.ts';

/** A public key that may receive backups: it was usable for encryption at `checkedAt`. */
export interface Recipient {
  /** Of the primary key: 40 uppercase hexadecimal digits. */
  readonly fingerprint: string;
  readonly userIds: readonly string[];
  /** Of the key that encrypts: 16 uppercase hexadecimal digits. */
  readonly encryptionKeyId: string;
  readonly encryptionFingerprint: string;
  /** The earlier of the primary key's and the encryption key's end; absent when neither expires. */
  readonly expires?: Date;
  readonly armored: string;
  /** A run that began with a valid key may finish with it, so the key is judged once, at this time. */
  readonly checkedAt: Date;
}

/**
 * Reads one public key and picks the subkey that encrypts, as gpg would: valid at `now`, newest first.
 *
 * Throws `usageError` with code `'recipient-not-a-key'`, `'recipient-ambiguous'` (several keys in one file),
 * `'recipient-is-secret'`, `'recipient-not-yet-valid'`, `'recipient-expired'`, `'recipient-revoked'`,
 * `'recipient-no-encryption'` or `'recipient-unsupported'` (not version 4, too weak, or an algorithm we lack).
 */
export async function readRecipient(armoredOrBinary: string | Uint8Array, now: Date): Promise<Recipient> {
  const key = await readRecipientKey(armoredOrBinary);
  const fingerprint = key.getFingerprint().toUpperCase();
  if (key.isPrivate()) {
    throw usageError(`the recipient ${fingerprint} is a secret key; a backup needs the public half only`, {
      code: 'recipient-is-secret',
      hints: [
        `export the public half: gpg --armor --export ${fingerprint}`,
        'keep the secret half off this host',
      ],
    });
  }
  return await asRecipient(key, now);
}

/** Judges a public key that was read, as `readRecipient` does. */
export async function asRecipient(key: Key, now: Date): Promise<Recipient> {
  const fingerprint = key.getFingerprint().toUpperCase();
  await checkPrimaryKey(key, fingerprint, now);
  const encryptionKey = await findEncryptionKey(key, fingerprint, now);
  const ends = [await key.getExpirationTime(), await encryptionKey.getExpirationTime()].filter(
    (end) => end instanceof Date,
  );
  const expires = ends.sort((a, b) => a.getTime() - b.getTime())[0];
  return {
    fingerprint,
    userIds: key.getUserIDs(),
    encryptionKeyId: encryptionKey.getKeyID().toHex().toUpperCase(),
    encryptionFingerprint: encryptionKey.getFingerprint().toUpperCase(),
    ...(expires === undefined ? {} : { expires }),
    armored: key.armor(),
    checkedAt: now,
  };
}

/** Reads one key, public or secret; throws `'recipient-not-a-key'` or `'recipient-ambiguous'`. */
export async function readRecipientKey(data: string | Uint8Array): Promise<Key> {
  const { readKeys } = await import('openpgp');
  const armor = asArmor(data);
  if (armor !== undefined && countArmorBlocks(armor) > 1) throw ambiguous();
  let keys: Key[];
  try {
    keys = await (armor === undefined
      ? readKeys({ binaryKeys: data as Uint8Array })
      : readKeys({ armoredKeys: armor }));
  } catch (cause) {
    throw notAKey(cause);
  }
  const [key, ...others] = keys;
  if (key === undefined) throw notAKey(undefined);
  if (others.length > 0) throw ambiguous();
  return key;
}

async function checkPrimaryKey(key: Key, fingerprint: string, now: Date): Promise<void> {
  if (key.keyPacket.version !== 4) {
    throw unsupported(fingerprint, `it is a version ${key.keyPacket.version} key, which gpg cannot use`);
  }
  if (await key.isRevoked(undefined, undefined, now)) throw revoked(fingerprint, 'it');
  if (key.getCreationTime() > now) {
    throw usageError(
      `the recipient ${fingerprint} was made at ${key.getCreationTime().toISOString()}, after now`,
      {
        code: 'recipient-not-yet-valid',
        hints: ['check the clock of this host and of the host that made the key'],
      },
    );
  }
  const end = await key.getExpirationTime();
  if (end instanceof Date && end <= now) throw expired(fingerprint, 'it', end);
}

async function findEncryptionKey(key: Key, fingerprint: string, now: Date): Promise<Key | Subkey> {
  try {
    return await key.getEncryptionKey(undefined, now);
  } catch (cause) {
    throw await whyNoEncryptionKey(key, fingerprint, now, cause);
  }
}

/** openpgp.js tells only that no key fits; a person needs to know which of four things to do about it. */
async function whyNoEncryptionKey(key: Key, fingerprint: string, now: Date, cause: unknown): Promise<Error> {
  const subkeys = key.subkeys.filter(mayEncrypt);
  for (const subkey of subkeys) {
    if (subkey.revocationSignatures.length > 0) continue;
    const end = await subkey.getExpirationTime();
    if (end instanceof Date && end <= now) return expired(fingerprint, 'its encryption subkey', end);
  }
  if (subkeys.some((subkey) => subkey.revocationSignatures.length > 0)) {
    return revoked(fingerprint, 'its encryption subkey');
  }
  if (subkeys.length > 0)
    return unsupported(fingerprint, 'its encryption subkey is too weak or of an unknown kind', cause);
  return usageError(`the recipient ${fingerprint} has no encryption subkey`, {
    code: 'recipient-no-encryption',
    hints: [
      'it is a key for signing only; add an encryption subkey with gpg --edit-key, or give another key',
    ],
    cause,
  });
}

/** Key flags 0x04 and 0x08: encrypts communications, encrypts storage (RFC 9580 §5.2.3.29). */
function mayEncrypt(subkey: Subkey): boolean {
  return subkey.bindingSignatures.some(({ keyFlags }) => ((keyFlags?.[0] ?? 0) & 0x0c) !== 0);
}

function notAKey(cause: unknown): Error {
  return usageError('the recipient is not an OpenPGP public key', {
    code: 'recipient-not-a-key',
    hints: ['give the file that gpg --armor --export FINGERPRINT writes'],
    cause,
  });
}

function ambiguous(): Error {
  return usageError('the recipient file holds several keys', {
    code: 'recipient-ambiguous',
    hints: ['give one file for each recipient'],
  });
}

function expired(fingerprint: string, what: string, end: Date): Error {
  return usageError(`the recipient ${fingerprint} cannot be used: ${what} expired at ${end.toISOString()}`, {
    code: 'recipient-expired',
    hints: [
      'let its owner extend it (postern key rotate openpgp --extend-only, or gpg --edit-key), or give a newer key',
    ],
  });
}

function revoked(fingerprint: string, what: string): Error {
  return usageError(`the recipient ${fingerprint} cannot be used: ${what} was revoked by its owner`, {
    code: 'recipient-revoked',
    hints: ['ask its owner for the key that replaces it'],
  });
}

function unsupported(fingerprint: string, why: string, cause?: unknown): Error {
  return usageError(`the recipient ${fingerprint} cannot be used: ${why}`, {
    code: 'recipient-unsupported',
    hints: ['use a version 4 key: Ed25519 with Curve25519, NIST P, or RSA of 2048 bits and more'],
    cause,
  });
}
