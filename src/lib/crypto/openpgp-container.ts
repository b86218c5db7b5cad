import { containerCorrupt } from './openpgp-container-error.ts';
import { isEncryptedPacket, openEncryptedPacket } from './openpgp-content.ts';
import { type Packet, readPackets } from './openpgp-packet.ts';
import type { SecretKey } from './openpgp-secret-key.ts';
import { readWrappedSessionKey, unwrapSessionKey, type WrappedSessionKey } from './openpgp-session-key.ts';
import { PacketTag } from './openpgp-tag.ts';

export { beginMessage, type MessageWriter } from './openpgp-message-writer.ts';

export interface MessageDescription {
  /** Of the recipients' encryption keys, in the message's order; `0000000000000000` for one who was hidden. */
  readonly recipientKeyIds: readonly string[];
  /** Bytes of the message. */
  readonly size: number;
}

/**
 * Opens a binary OpenPGP message of ours, or of gpg with AES, in memory. Nothing is answered before the whole message
 * has proved to be what was encrypted; what OpenPGP does not protect is listed in docs/formats/openpgp-container.md.
 *
 * Throws `failure` with code `'not-for-these-keys'` or `'unsupported-container'`; `integrityError` with code
 * `'container-corrupt'`.
 */
export async function openMessage(message: Uint8Array, keys: readonly SecretKey[]): Promise<Uint8Array> {
  const { wrapped, encrypted } = readMessage(message);
  return await openEncryptedPacket(encrypted, await unwrapSessionKey(wrapped, keys));
}

/** Whom a message is for. Nothing of it is authenticated. Throws as `openMessage` does. */
export function describeMessage(message: Uint8Array): MessageDescription {
  const { wrapped } = readMessage(message);
  return { recipientKeyIds: wrapped.map(({ keyId }) => keyId), size: message.byteLength };
}

/** Session key packets, then one encrypted packet, then the end (RFC 9580 §10.3). */
function readMessage(message: Uint8Array): { wrapped: readonly WrappedSessionKey[]; encrypted: Packet } {
  const wrapped: WrappedSessionKey[] = [];
  let encrypted: Packet | undefined;
  for (const packet of readPackets(message)) {
    if (encrypted !== undefined) throw containerCorrupt('something follows the encrypted packet');
    if (packet.tag === PacketTag.publicKeySessionKey) {
      const sessionKey = readWrappedSessionKey(packet.pieces[0] as Uint8Array);
      if (sessionKey !== undefined) wrapped.push(sessionKey);
    } else if (isEncryptedPacket(packet)) {
      encrypted = packet;
    } else if (packet.tag !== PacketTag.passwordSessionKey) {
      throw containerCorrupt(`a packet of type ${packet.tag} does not belong here`);
    }
  }
  if (encrypted === undefined) throw containerCorrupt('it holds no encrypted packet');
  return { wrapped, encrypted };
}
