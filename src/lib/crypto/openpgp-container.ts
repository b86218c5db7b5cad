import { containerCorrupt } from './openpgp-container-error.ts';
import { openEncryptedPacket } from './openpgp-content.ts';
import { readMessageHead } from './openpgp-head.ts';
import { type Packet, readPacketHeader, readPackets } from './openpgp-packet.ts';
import type { SecretKey } from './openpgp-secret-key.ts';
import { repeatsPrefix } from './openpgp-seipd.ts';
import { checkSessionKey, type SessionKey } from './openpgp-session-key.ts';
import { unwrapSessionKey } from './openpgp-wrapped-session-key.ts';

export { messageHeadSize } from './openpgp-head.ts';
export { beginMessage, type MessageOptions, type MessageWriter } from './openpgp-message-writer.ts';

export interface MessageDescription {
  /** Of the recipients' encryption keys, in the message's order; `0000000000000000` for one who was hidden. */
  readonly recipientKeyIds: readonly string[];
}

/**
 * Opens a binary OpenPGP message of ours, or of gpg with AES, in memory. Nothing is answered before the whole message
 * has proved to be what was encrypted; what OpenPGP does not protect is listed in docs/formats/openpgp-container.md.
 *
 * Throws `failure` with code `'not-for-these-keys'` or `'unsupported-container'`; `integrityError` with code
 * `'container-corrupt'`.
 */
export async function openMessage(message: Uint8Array, keys: readonly SecretKey[]): Promise<Uint8Array> {
  const { wrapped, end } = readMessageHead(message);
  const encrypted = onlyPacket(message.subarray(end));
  return await openEncryptedPacket(encrypted, (await unwrapSessionKey(wrapped, keys)).bytes);
}

/**
 * Opens a message without a secret key, as `gpg --override-session-key` does, and as strictly as `openMessage`.
 *
 * Throws as `openMessage` does, `'container-corrupt'` also for the session key of another message; `usageError`, code
 * `'session-key-invalid'`, for what is none.
 */
export async function openMessageWithSessionKey(
  message: Uint8Array,
  sessionKey: SessionKey,
): Promise<Uint8Array> {
  checkSessionKey(sessionKey);
  const { end } = readMessageHead(message);
  return await openEncryptedPacket(onlyPacket(message.subarray(end)), sessionKey.bytes);
}

/**
 * The session key of a message, found with a recipient's secret key.
 *
 * Throws as `openMessage` does for what it reads. It proves nothing about the rest: only opening a message tells
 * whether it is whole, and whether this is its session key.
 * @param message the whole message, or at least its first `messageHeadSize` bytes
 */
export async function sessionKeyOf(message: Uint8Array, keys: readonly SecretKey[]): Promise<SessionKey> {
  return await unwrapSessionKey(readMessageHead(message).wrapped, keys);
}

/**
 * Whether a message begins as one does that this session key encrypts: a wrong key passes once in 65,536 times. It
 * finds the key of a message that was exchanged, without reading more than its head. Throws as `openMessage` does.
 * @param message the whole message, or at least its first `messageHeadSize` bytes
 */
export function sessionKeyFits(message: Uint8Array, sessionKey: SessionKey): boolean {
  checkSessionKey(sessionKey);
  const { end } = readMessageHead(message);
  const { next } = readPacketHeader(message, end).length;
  return repeatsPrefix(message.subarray(next + 1), sessionKey.bytes);
}

/**
 * Whom a message is for. Nothing of it is authenticated. Throws as `openMessage` does for what it reads.
 * @param message the whole message, or at least its first `messageHeadSize` bytes
 */
export function describeMessage(message: Uint8Array): MessageDescription {
  return { recipientKeyIds: readMessageHead(message).wrapped.map(({ keyId }) => keyId) };
}

/** The encrypted packet, with which the message ends (RFC 9580 §10.3). */
function onlyPacket(data: Uint8Array): Packet {
  let only: Packet | undefined;
  for (const packet of readPackets(data)) {
    if (only !== undefined) throw containerCorrupt('something follows the encrypted packet');
    only = packet;
  }
  if (only === undefined) throw containerCorrupt('it holds no encrypted packet');
  return only;
}
