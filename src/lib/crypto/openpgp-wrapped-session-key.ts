import { failure } from '../base/error.ts';
import { containerCorrupt, unsupportedContainer } from './openpgp-container-error.ts';
import type { Recipient } from './openpgp-recipient.ts';
import type { SecretKey } from './openpgp-secret-key.ts';
import { aesKeySize, type SessionKey } from './openpgp-session-key.ts';

/** A session key for one recipient, as it stands in a message: the body of a packet of type 1. */
export interface WrappedSessionKey {
  /** 16 uppercase hexadecimal digits; all zero when the sender hid the recipient. */
  readonly keyId: string;
  readonly body: Uint8Array;
}

const anonymous = '0'.repeat(16);

/** openpgp.js's packet, with the members that its type declarations leave out or call private. */
interface SessionKeyPacket {
  sessionKey: Uint8Array | null;
  sessionKeyAlgorithm: number | null;
  read(body: Uint8Array): void;
  write(): Uint8Array;
  decrypt(keyPacket: object): Promise<void>;
}

/**
 * One packet of type 1, version 3, for each recipient, ready to be sent. Every recipient's key was judged when it was
 * read, so it is used as of that time.
 * @param sessionKey 32 bytes, AES-256
 */
export async function wrapSessionKey(
  sessionKey: Uint8Array,
  recipients: readonly Recipient[],
): Promise<Uint8Array> {
  const { encryptSessionKey, readKey } = await import('openpgp');
  const packets = recipients.map(async ({ armored, checkedAt }) =>
    encryptSessionKey({
      data: sessionKey,
      algorithm: 'aes256',
      encryptionKeys: await readKey({ armoredKey: armored }),
      date: checkedAt,
      format: 'binary',
    }),
  );
  return Buffer.concat(await Promise.all(packets));
}

/** Reads the body of a packet of type 1; undefined for a version that goes with another kind of encryption. */
export function readWrappedSessionKey(body: Uint8Array): WrappedSessionKey | undefined {
  if (body[0] !== 3) return undefined;
  if (body.byteLength < 10) throw containerCorrupt('a session key packet is too short');
  return { keyId: Buffer.from(body.subarray(1, 9)).toString('hex').toUpperCase(), body };
}

/**
 * Finds a session key that one of the secret keys opens; expired and revoked keys open what was made for them.
 *
 * Throws `failure`, code `'not-for-these-keys'`; `'container-corrupt'` when a packet is for one of the keys, but damaged.
 */
export async function unwrapSessionKey(
  wrapped: readonly WrappedSessionKey[],
  keys: readonly SecretKey[],
): Promise<SessionKey> {
  let damage: unknown;
  for (const { keyId, body } of wrapped) {
    for (const keyPacket of keys.flatMap(({ key }) => key.getKeys().map((part) => part.keyPacket))) {
      const addressed = keyPacket.getKeyID().toHex().toUpperCase() === keyId;
      if (!(addressed || keyId === anonymous) || !keyPacket.isDecrypted()) continue;
      const packet = await decrypt(body, keyPacket).catch((cause: unknown) => {
        if (addressed) damage = cause;
        return undefined;
      });
      if (packet !== undefined) return asAesKey(packet);
    }
  }
  if (damage !== undefined)
    throw containerCorrupt('the session key for one of these keys does not open', damage);
  throw notForTheseKeys(wrapped);
}

function notForTheseKeys(wrapped: readonly WrappedSessionKey[]): Error {
  if (wrapped.length === 0) {
    return failure('the encrypted file names no recipient, so no secret key opens it', {
      code: 'not-for-these-keys',
      hints: ['give its session key, which is kept apart from it'],
    });
  }
  const wanted = wrapped.map(({ keyId }) => (keyId === anonymous ? 'a hidden recipient' : keyId)).join(', ');
  return failure(`the encrypted file is not for these keys; it is for ${wanted}`, {
    code: 'not-for-these-keys',
    hints: ['give the secret key of one of the recipients: gpg --list-secret-keys --keyid-format long'],
  });
}

async function decrypt(body: Uint8Array, keyPacket: object): Promise<SessionKeyPacket> {
  const { PublicKeyEncryptedSessionKeyPacket } = await import('openpgp');
  const packet = new PublicKeyEncryptedSessionKeyPacket() as unknown as SessionKeyPacket;
  packet.read(body);
  if (!isCanonical(body, packet)) throw new Error('the session key packet is not in its one possible form');
  await packet.decrypt(keyPacket);
  return packet;
}

/**
 * Two parts of a session key packet can be changed without changing the key inside: the bit count of a number, and the
 * top bit of an X25519 point, which the algorithm ignores (RFC 7748 §5). Honest senders have one form for both.
 */
function isCanonical(body: Uint8Array, packet: SessionKeyPacket): boolean {
  if (Buffer.compare(packet.write(), body) !== 0) return false;
  const { V } = (packet as { encrypted?: { V?: Uint8Array } }).encrypted ?? {};
  const isX25519 = V?.byteLength === 33 && V[0] === 0x40;
  return !isX25519 || (V[32] as number) < 0x80;
}

function asAesKey({ sessionKey, sessionKeyAlgorithm }: SessionKeyPacket): SessionKey {
  const algorithm = sessionKeyAlgorithm ?? -1;
  if (sessionKey === null || aesKeySize.get(algorithm) !== sessionKey.byteLength) {
    throw unsupportedContainer(`is encrypted with cipher ${algorithm}, which is not AES`);
  }
  return { algorithm, bytes: sessionKey };
}
