import type { Key, SignaturePacket, Subkey } from 'openpgp';
import { PosternError } from '../base/error.ts';
import { asRecipient, readRecipientKey } from './openpgp-recipient.ts';

/** What a list shows of a key file, whether the key can still be used or not. */
export interface KeyDescription {
  /** Of the primary key: 40 uppercase hexadecimal digits. */
  readonly fingerprint: string;
  readonly kind: 'public' | 'secret';
  readonly userIds: readonly string[];
  readonly created: Date;
  /** Of the primary key; absent when it does not expire. */
  readonly expires?: Date;
  /** Whether the owner revoked the primary key, and with it everything. */
  readonly revoked: boolean;
  /** All that messages may have been made for, also expired and revoked ones, as the file says and in its order. */
  readonly encryptionKeys: readonly EncryptionKey[];
  readonly encryption: EncryptionAbility;
}

/** A subkey that encrypts, or a primary key that does. */
export interface EncryptionKey {
  /** 16 uppercase hexadecimal digits, as a message names its recipients. */
  readonly keyId: string;
  readonly fingerprint: string;
  readonly created: Date;
  readonly expires?: Date;
  readonly revoked: boolean;
  /** Whether its secret half is in this file, locked or not; if so, the file opens what was made for this key. */
  readonly hasSecret: boolean;
}

/** Whether new messages can be made for the key, as `readRecipient` judges it. */
export type EncryptionAbility =
  | {
      readonly possible: true;
      readonly keyId: string;
      /** The earlier of the primary key's and the encryption key's end; absent when neither expires. */
      readonly until?: Date;
    }
  | { readonly possible: false; readonly code: string; readonly why: string };

/**
 * Describes a key file, public or secret, without judging it; a secret key need not be unlocked.
 *
 * Throws `usageError`, code `'recipient-not-a-key'` or `'recipient-ambiguous'` (several keys in one file).
 */
export async function describeKey(armoredOrBinary: string | Uint8Array, now: Date): Promise<KeyDescription> {
  const key = await readRecipientKey(armoredOrBinary);
  const parts = [key, ...key.subkeys].filter(await encryptionFilter());
  return {
    fingerprint: key.getFingerprint().toUpperCase(),
    kind: key.isPrivate() ? 'secret' : 'public',
    userIds: key.getUserIDs(),
    created: key.getCreationTime(),
    ...expiry(await key.getExpirationTime()),
    revoked: await key.isRevoked(undefined, undefined, now),
    encryptionKeys: await Promise.all(parts.map((part) => describeEncryptionKey(part, now))),
    encryption: await judge(key, now),
  };
}

/** Whether a sender may have taken the part for encryption at any time; a self-signature without flags allows all. */
async function encryptionFilter(): Promise<(part: Key | Subkey) => boolean> {
  const { enums } = await import('openpgp');
  const { rsaEncrypt, rsaEncryptSign, elgamal, ecdh, x25519, x448 } = enums.publicKey;
  const encrypting: readonly number[] = [rsaEncrypt, rsaEncryptSign, elgamal, ecdh, x25519, x448];
  const purposes = enums.keyFlags.encryptCommunication | enums.keyFlags.encryptStorage;
  return (part) =>
    encrypting.includes(part.keyPacket.algorithm) &&
    selfSignaturesOf(part).some(({ keyFlags }) => keyFlags === null || ((keyFlags[0] ?? 0) & purposes) !== 0);
}

function selfSignaturesOf(part: Key | Subkey): readonly SignaturePacket[] {
  if ('bindingSignatures' in part) return part.bindingSignatures;
  return part.users.flatMap((user) => user.selfCertifications);
}

/** `isRevoked` of keys and subkeys, whose declaration for subkeys forgets that what is undefined means "any". */
interface Revocable {
  isRevoked(signature: undefined, key: undefined, date: Date): Promise<boolean>;
}

async function describeEncryptionKey(part: Key | Subkey, now: Date): Promise<EncryptionKey> {
  const { keyPacket } = part;
  return {
    keyId: part.getKeyID().toHex().toUpperCase(),
    fingerprint: part.getFingerprint().toUpperCase(),
    created: part.getCreationTime(),
    ...expiry(
      'bindingSignatures' in part ? await part.getExpirationTime(now) : await part.getExpirationTime(),
    ),
    revoked: await (part as Revocable).isRevoked(undefined, undefined, now),
    hasSecret: 'isMissingSecretKeyMaterial' in keyPacket && !keyPacket.isMissingSecretKeyMaterial(),
  };
}

function expiry(end: Date | typeof Infinity | null): { readonly expires?: Date } {
  return end instanceof Date ? { expires: end } : {};
}

async function judge(key: Key, now: Date): Promise<EncryptionAbility> {
  try {
    const { encryptionKeyId, expires } = await asRecipient(key.toPublic(), now);
    return { possible: true, keyId: encryptionKeyId, ...(expires === undefined ? {} : { until: expires }) };
  } catch (error) {
    if (!(error instanceof PosternError)) throw error;
    return { possible: false, code: error.code ?? 'recipient-unsupported', why: error.message };
  }
}
