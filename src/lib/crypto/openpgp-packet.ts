import { containerCorrupt } from './openpgp-container-error.ts';
import { PacketTag } from './openpgp-tag.ts';

export interface Packet {
  readonly tag: number;
  /** The body in order: one piece, or one for each partial length. Views of the data, not copies. */
  readonly pieces: readonly Uint8Array[];
  /** Bytes in all pieces together. */
  readonly size: number;
}

/** Only data packets may have partial or indeterminate lengths (RFC 9580 §4.2.1.4, §4.2.2). */
const streamable: ReadonlySet<number> = new Set([
  PacketTag.compressed,
  PacketTag.encryptedWithoutIntegrity,
  PacketTag.literal,
  PacketTag.integrityProtected,
  PacketTag.aeadDraft,
]);

const minFirstPartial = 512;

/** A limit on what a hostile file can make us allocate: 2^20 partials of 512 bytes are half a gibibyte. */
const maxPieces = 1 << 20;

export interface PacketHeader {
  readonly tag: number;
  readonly length: Length;
}

interface Length {
  readonly kind: 'definite' | 'partial' | 'indeterminate';
  readonly bytes: number;
  /** Where the body begins. */
  readonly next: number;
}

/**
 * Reads packets one after the other, in the old and the new format (RFC 9580 §4.2), to the last byte of the data.
 * Throws `'container-corrupt'` at the first byte that cannot be part of a packet sequence.
 */
export function* readPackets(data: Uint8Array): Generator<Packet, void, undefined> {
  let offset = 0;
  while (offset < data.byteLength) {
    const { tag, length } = readPacketHeader(data, offset);
    const body = readBody(data, length);
    offset = body.end;
    yield { tag, pieces: body.pieces, size: body.size };
  }
}

/** Reads the header of the packet that begins at the offset; its body may lie beyond the data. */
export function readPacketHeader(data: Uint8Array, offset: number): PacketHeader {
  const first = octet(data, offset);
  if ((first & 0x80) === 0) throw containerCorrupt(`no packet begins at byte ${offset}`);
  const isNew = (first & 0x40) !== 0;
  const tag = isNew ? first & 0x3f : (first >> 2) & 0x0f;
  const length = isNew ? readNewLength(data, offset + 1) : readOldLength(data, offset + 1, first & 0x03);
  if (length.kind !== 'definite' && !streamable.has(tag))
    throw containerCorrupt(`packet ${tag} has no fixed length`);
  if (length.kind === 'partial' && length.bytes < minFirstPartial)
    throw containerCorrupt('a first part is too short');
  return { tag, length };
}

function readBody(data: Uint8Array, first: Length): Omit<Packet, 'tag'> & { readonly end: number } {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for (let length = first; ; length = readNewLength(data, length.next + length.bytes)) {
    const end = length.next + length.bytes;
    if (end > data.byteLength) throw containerCorrupt(`it ends ${end - data.byteLength} bytes too early`);
    pieces.push(data.subarray(length.next, end));
    size += length.bytes;
    if (length.kind !== 'partial') return { pieces, size, end };
    if (pieces.length >= maxPieces) throw containerCorrupt('it is cut into too many parts');
  }
}

function readNewLength(data: Uint8Array, offset: number): Length {
  const first = octet(data, offset);
  if (first < 192) return { kind: 'definite', bytes: first, next: offset + 1 };
  if (first < 224) {
    return {
      kind: 'definite',
      bytes: ((first - 192) << 8) + octet(data, offset + 1) + 192,
      next: offset + 2,
    };
  }
  if (first < 255) return { kind: 'partial', bytes: 2 ** (first & 0x1f), next: offset + 1 };
  return { kind: 'definite', bytes: bigEndian(data, offset + 1, 4), next: offset + 5 };
}

function readOldLength(data: Uint8Array, offset: number, lengthType: number): Length {
  if (lengthType === 3) return { kind: 'indeterminate', bytes: data.byteLength - offset, next: offset };
  const octets = 2 ** lengthType;
  return { kind: 'definite', bytes: bigEndian(data, offset, octets), next: offset + octets };
}

function bigEndian(data: Uint8Array, offset: number, octets: number): number {
  let value = 0;
  for (let i = 0; i < octets; i++) value = value * 256 + octet(data, offset + i);
  return value;
}

function octet(data: Uint8Array, offset: number): number {
  const value = data[offset];
  if (value === undefined) throw containerCorrupt('it ends inside a packet header');
  return value;
}
