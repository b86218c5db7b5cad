import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { failure } from '../base/error.ts';
import { containerCorrupt } from './openpgp-container-error.ts';
import { definiteLength, tagOctet } from './openpgp-framing.ts';
import { readPackets } from './openpgp-packet.ts';
import { blockSize } from './openpgp-seipd.ts';
import { aes256, checkSessionKey, type SessionKey } from './openpgp-session-key.ts';
import { PacketTag } from './openpgp-tag.ts';

// Symmetric-key encrypted session key packets (RFC 9580 §5.3), version 4: AES-256, iterated and salted S2K with SHA-256.
// openpgp.js could make them, but hashes all its 62 MiB from one buffer.

const version = 4;
const iteratedS2k = 3;
const sha256Number = 8;
/** The most that OpenPGP has, and what gpg takes: 62 MiB are hashed for each guess (RFC 9580 §3.7.1.3). */
const countOctet = 255;
const saltSize = 8;
const headSize = 4 + saltSize + 1;

/**
 * A packet that stands before a message and lets whoever knows the passphrase open it, as `gpg --symmetric` does.
 * @param sessionKey AES-256
 * Throws as `checkSessionKey`.
 */
export function wrapForPassphrase(sessionKey: SessionKey, passphrase: string): Uint8Array {
  checkSessionKey(sessionKey);
  const salt = randomBytes(saltSize);
  const key = stretched(passphrase, salt);
  const cipher = createCipheriv('aes-256-cfb', key, new Uint8Array(blockSize));
  const wrapped = cipher.update(Buffer.from([sessionKey.algorithm, ...sessionKey.bytes]));
  key.fill(0);
  const head = [version, aes256, iteratedS2k, sha256Number, ...salt, countOctet];
  const body = Buffer.concat([Uint8Array.from(head), wrapped]);
  const framing = [tagOctet(PacketTag.passwordSessionKey), ...definiteLength(body.byteLength)];
  return Buffer.concat([Uint8Array.from(framing), body]);
}

/**
 * The session key in a packet that `wrapForPassphrase` wrote.
 *
 * Throws `failure`, code `'passphrase-wrong'`; `integrityError`, code `'container-corrupt'`.
 */
export function unwrapWithPassphrase(packet: Uint8Array, passphrase: string): SessionKey {
  const [found, ...others] = readPackets(packet);
  const body = Buffer.concat(found?.pieces ?? []);
  const isOurs =
    found?.tag === PacketTag.passwordSessionKey &&
    others.length === 0 &&
    body.byteLength === headSize + 1 + 32 &&
    body.subarray(0, 4).equals(Uint8Array.of(version, aes256, iteratedS2k, sha256Number)) &&
    body[headSize - 1] === countOctet;
  if (!isOurs) throw containerCorrupt('it holds no session key under a passphrase');
  const key = stretched(passphrase, body.subarray(4, 4 + saltSize));
  const decipher = createDecipheriv('aes-256-cfb', key, new Uint8Array(blockSize));
  const [algorithm = 0, ...bytes] = decipher.update(body.subarray(headSize));
  key.fill(0);
  if (algorithm !== aes256) throw failure('the passphrase does not open it', { code: 'passphrase-wrong' });
  return { algorithm, bytes: Uint8Array.from(bytes) };
}

/** Iterated and salted S2K: salt and passphrase again and again, to the byte of the count. */
function stretched(passphrase: string, salt: Uint8Array): Buffer {
  const once = Buffer.concat([salt, Buffer.from(passphrase)]);
  const count = (16 + (countOctet & 15)) << ((countOctet >> 4) + 6);
  const block = Buffer.concat(Array.from({ length: Math.ceil(65_536 / once.byteLength) }, () => once));
  const hash = createHash('sha256');
  // What is given is hashed once at least, however long it is.
  for (let left = Math.max(count, once.byteLength); left > 0; left -= block.byteLength)
    hash.update(left < block.byteLength ? block.subarray(0, left) : block);
  return hash.digest();
}
