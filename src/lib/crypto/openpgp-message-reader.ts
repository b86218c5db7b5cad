import { createDecipheriv, createHash, timingSafeEqual } from 'node:crypto';
import { type ByteSource, byteSource } from '../base/byte-source.ts';
import { containerCorrupt } from './openpgp-container-error.ts';
import { tagOctet } from './openpgp-framing.ts';
import { blockSize, mdcHeader, prefixSize } from './openpgp-seipd.ts';
import { checkSessionKey, type SessionKey } from './openpgp-session-key.ts';
import { PacketTag } from './openpgp-tag.ts';

/** Bytes of the modification detection code: its header and SHA-1. */
const mdcSize = mdcHeader.byteLength + 20;

/**
 * Decrypts a message of ours as it is read, in constant memory: for checking what was written. **What it yields is
 * proven only when it ends**: act on nothing of it before.
 * @param encrypted from the encrypted packet on, behind the session key packets, to the end of the message
 *
 * Throws `integrityError`, code `'container-corrupt'`; as `checkSessionKey`.
 */
export async function* readMessageContent(
  encrypted: AsyncIterable<Uint8Array>,
  sessionKey: SessionKey,
): AsyncGenerator<Uint8Array, void, undefined> {
  checkSessionKey(sessionKey);
  const outer = bytesOf(encrypted);
  await expectOctet(outer, tagOctet(PacketTag.integrityProtected), 'it holds no encrypted packet');
  const inner = bytesOf(decrypted(packetBody(outer), sessionKey));
  const prefix = await inner.take(prefixSize);
  if (!prefix.subarray(blockSize - 2, blockSize).equals(prefix.subarray(blockSize)))
    throw containerCorrupt('the session key is not its own');
  await expectOctet(inner, tagOctet(PacketTag.literal), 'it holds no literal data');
  const literal = bytesOf(packetBody(inner));
  const [, nameSize = 0] = await literal.take(2);
  await literal.take(nameSize + 4);
  for (let piece = await literal.some(); piece !== undefined; piece = await literal.some()) yield piece;
  // Reading to the end is what checks the code.
  if ((await inner.some()) !== undefined) throw containerCorrupt('something follows the literal data');
  if ((await outer.some()) !== undefined) throw containerCorrupt('something follows the encrypted packet');
}

/** Everything but the code at the end, which is compared once all is read. */
async function* decrypted(
  body: AsyncIterable<Uint8Array>,
  { bytes }: SessionKey,
): AsyncGenerator<Uint8Array, void, undefined> {
  const decipher = createDecipheriv(`aes-${bytes.byteLength * 8}-cfb`, bytes, new Uint8Array(blockSize));
  const hash = createHash('sha1');
  let version: number | undefined;
  let held: Uint8Array = new Uint8Array(0);
  for await (const piece of body) {
    const cipher = version === undefined ? piece.subarray(1) : piece;
    version ??= piece[0];
    if (version !== 1) throw containerCorrupt('its encrypted packet is not of version 1');
    const plain = Buffer.concat([held, decipher.update(cipher)]);
    const ready = Math.max(0, plain.byteLength - mdcSize);
    held = plain.subarray(ready);
    if (ready === 0) continue;
    hash.update(plain.subarray(0, ready));
    yield plain.subarray(0, ready);
  }
  const expected = Buffer.concat([mdcHeader, hash.update(mdcHeader).digest()]);
  if (held.byteLength !== mdcSize || !timingSafeEqual(held, expected))
    throw containerCorrupt('its content does not match its integrity code');
}

const bytesOf = (chunks: AsyncIterable<Uint8Array>): ByteSource =>
  byteSource(chunks, (missing) => containerCorrupt(`it ends ${missing} bytes too early`));

async function expectOctet(source: ByteSource, octet: number, problem: string): Promise<void> {
  const [found] = await source.take(1);
  if (found !== octet) throw containerCorrupt(problem);
}

/** The body of a packet behind its tag octet, in the new format (RFC 9580 §4.2.1). */
async function* packetBody(source: ByteSource): AsyncGenerator<Uint8Array, void, undefined> {
  for (let isPartial = true; isPartial; ) {
    const [first = 0] = await source.take(1);
    isPartial = first >= 224 && first < 255;
    let left: number = first;
    if (isPartial) left = 2 ** (first & 0x1f);
    else if (first === 255) left = (await source.take(4)).readUInt32BE(0);
    else if (first >= 192) left = ((first - 192) << 8) + ((await source.take(1))[0] ?? 0) + 192;
    yield* source.body(left);
  }
}
