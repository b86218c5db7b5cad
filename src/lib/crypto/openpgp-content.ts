import { containerCorrupt, unsupportedContainer } from './openpgp-container-error.ts';
import { readLiteral } from './openpgp-literal.ts';
import { type Packet, readPackets } from './openpgp-packet.ts';
import { openIntegrityProtected } from './openpgp-seipd.ts';
import { PacketTag } from './openpgp-tag.ts';

/** The bytes after the session key packets: one encrypted packet of our kind and nothing else; answers its content. */
export async function openOwnContent(data: Uint8Array, sessionKey: Uint8Array): Promise<Uint8Array> {
  const [packet, ...others] = readPackets(data);
  if (packet?.tag !== PacketTag.integrityProtected || others.length > 0) {
    throw containerCorrupt('it is not exactly one encrypted packet');
  }
  return await openEncryptedPacket(packet, sessionKey);
}

export async function openEncryptedPacket(packet: Packet, sessionKey: Uint8Array): Promise<Uint8Array> {
  return await readLiteral(await openIntegrityProtected(packet, sessionKey));
}

/** Whether a packet of this type and version is encrypted as we can open it; throws for its relatives that we cannot. */
export function isEncryptedPacket(tag: number, version: number | undefined): boolean {
  if (tag === PacketTag.aeadDraft) throw unsupportedContainer('is encrypted with AEAD (a packet of type 20)');
  if (tag === PacketTag.encryptedWithoutIntegrity) throw unsupportedContainer('has no integrity protection');
  if (tag !== PacketTag.integrityProtected) return false;
  if (version === 2) throw unsupportedContainer('is encrypted with AEAD (SEIPD version 2)');
  if (version !== 1) throw containerCorrupt('its encrypted packet is not of version 1');
  return true;
}
