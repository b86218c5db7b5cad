import type { PrivateKey } from 'openpgp';
import { usageError } from '../base/error.ts';
import { asArmor, countArmorBlocks } from './openpgp-armor.ts';

/** An unlocked secret key; it lives in memory only. Made by `readSecretKey`. */
export interface SecretKey {
  /** Of the primary key: 40 uppercase hexadecimal digits. */
  readonly fingerprint: string;
  readonly userIds: readonly string[];
  readonly key: PrivateKey;
}

/**
 * Reads and unlocks a secret key: ours, or one exported by gpg. Expired and revoked keys are read too, because old
 * backups still need them. A part whose secret is kept elsewhere (an offline primary key, a smartcard stub) is left out.
 *
 * Throws `usageError` with code `'secret-key-unreadable'`, `'secret-key-is-public'`, or `'secret-key-locked'` when the
 * passphrase is missing or wrong.
 */
export async function readSecretKey(
  armoredOrBinary: string | Uint8Array,
  passphrase?: string,
): Promise<SecretKey> {
  const key = await readOneKey(armoredOrBinary);
  const fingerprint = key.getFingerprint().toUpperCase();
  for (const { keyPacket } of key.getKeys()) {
    if (!('isMissingSecretKeyMaterial' in keyPacket) || keyPacket.isMissingSecretKeyMaterial()) continue;
    if (!keyPacket.isDecrypted()) {
      if (passphrase === undefined) throw locked(fingerprint, 'is locked and no passphrase was given');
      try {
        await keyPacket.decrypt(passphrase);
      } catch (cause) {
        throw locked(fingerprint, 'does not open with this passphrase', cause);
      }
    }
    await checkHalves(keyPacket, fingerprint);
  }
  return { fingerprint, userIds: key.getUserIDs(), key };
}

async function readOneKey(data: string | Uint8Array): Promise<PrivateKey> {
  const { readKeys } = await import('openpgp');
  const armor = asArmor(data);
  const keys = await (armor === undefined
    ? readKeys({ binaryKeys: data as Uint8Array })
    : readKeys({ armoredKeys: armor })
  ).catch((cause: unknown) => {
    throw unreadable('is not an OpenPGP secret key', cause);
  });
  const [key, ...others] = keys;
  if (key === undefined) throw unreadable('is not an OpenPGP secret key');
  if (others.length > 0 || (armor !== undefined && countArmorBlocks(armor) > 1)) {
    throw unreadable('file holds several keys; give one file for each');
  }
  if (!key.isPrivate()) {
    throw usageError(
      `${key.getFingerprint().toUpperCase()} is a public key; the secret half is needed here`,
      {
        code: 'secret-key-is-public',
        hints: ['export it where it is kept: gpg --armor --export-secret-keys FINGERPRINT'],
      },
    );
  }
  return key;
}

/** A secret half that does not match its public half would leak the secret when it is used (the 2022 key overwriting attacks). */
async function checkHalves(packet: { validate(): Promise<void> }, fingerprint: string): Promise<void> {
  try {
    await packet.validate();
  } catch (cause) {
    throw unreadable(`${fingerprint} does not match its public half`, cause);
  }
}

function locked(fingerprint: string, why: string, cause?: unknown): Error {
  return usageError(`the secret key ${fingerprint} ${why}`, {
    code: 'secret-key-locked',
    hints: ['give the passphrase of this key by a file or at the prompt'],
    cause,
  });
}

function unreadable(why: string, cause?: unknown): Error {
  return usageError(`the secret key ${why}`, {
    code: 'secret-key-unreadable',
    hints: ['give the file that gpg --armor --export-secret-keys FINGERPRINT writes'],
    cause,
  });
}
