import { createCipheriv, createDecipheriv, createHash, timingSafeEqual } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { containerCorrupt } from './openpgp-container-error.ts';
import type { Packet } from './openpgp-packet.ts';

/** AES block, and the size of the random prefix before its last two bytes are repeated. */
export const blockSize = 16;
export const prefixSize = blockSize + 2;

/** The modification detection code: its packet header, 0xd3 0x14, and the SHA-1 of all before the SHA-1. */
export const mdcHeader = Uint8Array.of(0xd3, 0x14);
const sha1Size = 20;

/** Small enough that a segment is still in the processor's cache when it is hashed. */
const segmentSize = 1 << 20;

/** After so many segments the event loop gets a turn, so that transfers go on beside a long decryption. */
const segmentsPerTurn = 8;

/**
 * Decrypts a version 1 integrity-protected packet (RFC 9580 §5.13.1) and answers the packets inside, but only after
 * prefix and SHA-1 have proved whole: no unauthenticated byte leaves this function.
 * @param sessionKey 16, 24 or 32 bytes: AES-128, AES-192 or AES-256
 */
export async function openIntegrityProtected(packet: Packet, sessionKey: Uint8Array): Promise<Uint8Array> {
  if (packet.pieces[0]?.[0] !== 1) throw containerCorrupt('its encrypted packet is not of version 1');
  const size = packet.size - 1;
  if (size < prefixSize + mdcHeader.byteLength + sha1Size)
    throw containerCorrupt('its encrypted packet is too short');
  const { plain, sha1 } = await decryptAndHash(packet.pieces, size, sessionKey);
  checkIntegrity(plain, sha1);
  return plain.subarray(prefixSize, size - sha1Size - mdcHeader.byteLength);
}

/**
 * AES-CFB with a zero IV. Each plaintext block is E(previous ciphertext block) XOR ciphertext block, so all E() can be
 * asked of AES-ECB at once, which processors do several times faster than one block after the other as
 * `createDecipheriv('aes-256-cfb')` does. One buffer serves all: the ciphertext stands one block behind a zero block
 * (the IV), and the plaintext replaces it one block earlier, where the ciphertext is no longer needed.
 */
async function decryptAndHash(
  pieces: readonly Uint8Array[],
  size: number,
  sessionKey: Uint8Array,
): Promise<{ readonly plain: Uint8Array; readonly sha1: Uint8Array }> {
  const paddedSize = Math.ceil(size / blockSize) * blockSize;
  const work = new Uint8Array(blockSize + paddedSize);
  let filled = blockSize;
  for (const [index, piece] of pieces.entries()) {
    const body = index === 0 ? piece.subarray(1) : piece;
    work.set(body, filled);
    filled += body.byteLength;
  }
  const words = new Int32Array(work.buffer);
  const cipher = createCipheriv(`aes-${sessionKey.byteLength * 8}-ecb`, sessionKey, null).setAutoPadding(
    false,
  );
  const hash = createHash('sha1');
  const hashedEnd = size - sha1Size;
  for (let from = 0, segment = 1; from < paddedSize; from += segmentSize, segment++) {
    const to = Math.min(from + segmentSize, paddedSize);
    const keyStream = cipher.update(work.subarray(from, to));
    xorFromNextBlock(
      words,
      from / 4,
      new Int32Array(keyStream.buffer, keyStream.byteOffset, keyStream.byteLength / 4),
    );
    hash.update(work.subarray(from, Math.max(from, Math.min(to, hashedEnd))));
    if (segment % segmentsPerTurn === 0) await setImmediate();
  }
  return { plain: work.subarray(0, size), sha1: hash.digest() };
}

function xorFromNextBlock(words: Int32Array, from: number, keyStream: Int32Array): void {
  const ahead = from + blockSize / 4;
  for (let i = 0; i < keyStream.length; i++) {
    words[from + i] = (keyStream[i] as number) ^ (words[ahead + i] as number);
  }
}

/**
 * Whether the ciphertext begins with 16 random bytes whose last two are repeated, under this key (RFC 9580 §5.13.1).
 * For keys of our own only: told to somebody who chooses the ciphertext, the answer would help to decrypt it.
 */
export function repeatsPrefix(ciphertext: Uint8Array, sessionKey: Uint8Array): boolean {
  if (ciphertext.byteLength < prefixSize) return false;
  const cipher = createDecipheriv(
    `aes-${sessionKey.byteLength * 8}-cfb`,
    sessionKey,
    new Uint8Array(blockSize),
  );
  const prefix = cipher.update(ciphertext.subarray(0, prefixSize));
  return prefix[blockSize - 2] === prefix[blockSize] && prefix[blockSize - 1] === prefix[blockSize + 1];
}

/** Every check is made before one answer is given, so that neither time nor message tells which of them failed. */
function checkIntegrity(plain: Uint8Array, sha1: Uint8Array): void {
  const mdc = plain.subarray(-sha1Size - mdcHeader.byteLength);
  const expected = Buffer.concat([plain.subarray(blockSize - 2, blockSize), mdcHeader, sha1]);
  if (!timingSafeEqual(Buffer.concat([plain.subarray(blockSize, prefixSize), mdc]), expected)) {
    throw containerCorrupt(
      'its content does not match its integrity code, or the session key is not its own',
    );
  }
}
