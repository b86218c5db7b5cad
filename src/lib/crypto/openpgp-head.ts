import { containerCorrupt, unsupportedContainer } from './openpgp-container-error.ts';
import { isEncryptedPacket } from './openpgp-content.ts';
import { type PacketHeader, readPacketHeader } from './openpgp-packet.ts';
import { PacketTag } from './openpgp-tag.ts';
import { readWrappedSessionKey, type WrappedSessionKey } from './openpgp-wrapped-session-key.ts';

/**
 * So many bytes from the beginning (or the whole message, if it is shorter) hold the head of every message that
 * postern writes or opens: enough for 60 recipients with the largest keys that gpg makes, RSA of 8,192 bits.
 */
export const messageHeadSize = 65_536;

/** Its first octet, at most five octets of length, and its version. */
const encryptedHeaderSize = 7;

/** The most that all session key packets together may take. */
export const maxSessionKeyPackets = messageHeadSize - encryptedHeaderSize;

export interface MessageHead {
  /** In the message's order. */
  readonly wrapped: readonly WrappedSessionKey[];
  /** Where the encrypted packet begins. */
  readonly end: number;
}

/**
 * Reads session key packets (RFC 9580 §10.3) up to the header of the encrypted packet, and nothing behind it: the
 * first `messageHeadSize` bytes of a message are answered as the whole of it.
 */
export function readMessageHead(message: Uint8Array): MessageHead {
  const wrapped: WrappedSessionKey[] = [];
  for (let offset = 0; offset < message.byteLength; ) {
    const header = readPacketHeader(message, offset);
    if (isEncryptedPacket(header.tag, versionOf(message, header))) return { wrapped, end: offset };
    if (header.tag !== PacketTag.publicKeySessionKey && header.tag !== PacketTag.passwordSessionKey)
      throw containerCorrupt(`a packet of type ${header.tag} does not belong here`);
    const end = header.length.next + header.length.bytes;
    checkRoom(end, message);
    if (header.tag === PacketTag.publicKeySessionKey) {
      const sessionKey = readWrappedSessionKey(message.subarray(header.length.next, end));
      if (sessionKey !== undefined) wrapped.push(sessionKey);
    }
    offset = end;
  }
  throw containerCorrupt('it holds no encrypted packet');
}

function versionOf(message: Uint8Array, { length }: PacketHeader): number | undefined {
  return length.bytes === 0 ? undefined : message[length.next];
}

function checkRoom(end: number, message: Uint8Array): void {
  if (end > message.byteLength && message.byteLength < messageHeadSize)
    throw containerCorrupt(`it ends ${end - message.byteLength} bytes too early`);
  if (end > maxSessionKeyPackets)
    throw unsupportedContainer(`has session key packets of more than ${maxSessionKeyPackets} bytes`);
}
