/** The packet types that a container may hold, by their number (RFC 9580 §5). */
export const PacketTag = {
  publicKeySessionKey: 1,
  passwordSessionKey: 3,
  compressed: 8,
  encryptedWithoutIntegrity: 9,
  literal: 11,
  integrityProtected: 18,
  aeadDraft: 20,
} as const;
