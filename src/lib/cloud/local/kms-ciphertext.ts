import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import type { EncryptionContext } from '../kms.ts';

/**
 * A ciphertext of the local key management service, version 1:
 *
 *   "PKC" 0x01 | key id 16 | key version 4 | salt 32 | ciphertext | GCM tag 16
 *
 * HKDF-SHA-512 of the key's material, with the salt and the info "postern-kms-1", gives an AES-256 key (32) and a nonce
 * (12) for this one message, so that random nonces set no limit to how much a key encrypts. Additional data: the 56
 * header bytes, then the number of context entries, then each name and value, sorted by the bytes of the name; every
 * number and length is 4 bytes big-endian, texts are UTF-8.
 */
const magic = Buffer.from([0x50, 0x4b, 0x43, 0x01]);
const headerBytes = 56;
const tagBytes = 16;

export interface CiphertextHeader {
  /** The UUID in its usual text. */
  readonly keyId: string;
  readonly keyVersion: number;
}

export function sealMessage(
  { keyId, keyVersion }: CiphertextHeader,
  material: Uint8Array,
  plaintext: Uint8Array,
  context: EncryptionContext,
): Uint8Array {
  const salt = randomBytes(32);
  const header = Buffer.concat([
    magic,
    Buffer.from(keyId.replaceAll('-', ''), 'hex'),
    uint32(keyVersion),
    salt,
  ]);
  const { key, nonce } = messageKey(material, salt);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(additionalData(header, context));
  return Buffer.concat([header, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

/** Which key and version made a ciphertext, or undefined when no version of this format did. Not yet authenticated. */
export function readCiphertextHeader(ciphertext: Uint8Array): CiphertextHeader | undefined {
  const bytes = Buffer.from(ciphertext.buffer, ciphertext.byteOffset, ciphertext.byteLength);
  if (bytes.length < headerBytes + tagBytes || !bytes.subarray(0, 4).equals(magic)) return undefined;
  const hex = bytes.toString('hex', 4, 20);
  const keyId = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  return { keyId, keyVersion: bytes.readUInt32BE(20) };
}

/** @throws {Error} from node:crypto when the material, the context or any byte is not what it was */
export function openMessage(
  material: Uint8Array,
  ciphertext: Uint8Array,
  context: EncryptionContext,
): Uint8Array {
  const header = ciphertext.subarray(0, headerBytes);
  const { key, nonce } = messageKey(material, header.subarray(24));
  const decipher = createDecipheriv('aes-256-gcm', key, nonce).setAAD(additionalData(header, context));
  decipher.setAuthTag(ciphertext.subarray(-tagBytes));
  return Buffer.concat([decipher.update(ciphertext.subarray(headerBytes, -tagBytes)), decipher.final()]);
}

function messageKey(
  material: Uint8Array,
  salt: Uint8Array,
): { readonly key: Uint8Array; readonly nonce: Uint8Array } {
  const bytes = new Uint8Array(hkdfSync('sha512', material, salt, 'postern-kms-1', 44));
  return { key: bytes.subarray(0, 32), nonce: bytes.subarray(32) };
}

function additionalData(header: Uint8Array, context: EncryptionContext): Buffer {
  const entries = Object.entries(context)
    .map(([name, value]) => [Buffer.from(name), Buffer.from(value)] as const)
    .sort(([a], [b]) => Buffer.compare(a, b));
  const encoded = entries.flatMap(([name, value]) => [
    uint32(name.length),
    name,
    uint32(value.length),
    value,
  ]);
  return Buffer.concat([header, uint32(entries.length), ...encoded]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
