import { containerCorrupt, unsupportedContainer } from './openpgp-container-error.ts';
import { readLiteral } from './openpgp-literal.ts';
import { type Packet, readPackets } from './openpgp-packet.ts';
import { openIntegrityProtected } from './openpgp-seipd.ts';
import { PacketTag } from './openpgp-tag.ts';

/** The bytes after the session key packets: one encrypted packet and nothing else; answers the content inside. */
export async function openContent(data: Uint8Array, sessionKey: Uint8Array): Promise<Uint8Array> {
  const [packet, ...others] = readPackets(data);
  if (packet === undefined || others.length > 0)
    throw containerCorrupt('it is not exactly one encrypted packet');
  return await openEncryptedPacket(packet, sessionKey);
}

export async function openEncryptedPacket(packet: Packet, sessionKey: Uint8Array): Promise<Uint8Array> {
  return await readLiteral(await openIntegrityProtected(packet, sessionKey));
}

/** Whether the packet is the kind that we open; throws for its relatives that we do not. */
export function isEncryptedPacket({ tag }: Packet): boolean {
  if (tag === PacketTag.aeadDraft) throw unsupportedContainer('is encrypted with AEAD (a packet of type 20)');
  if (tag === PacketTag.encryptedWithoutIntegrity) throw unsupportedContainer('has no integrity protection');
  return tag === PacketTag.integrityProtected;
}
