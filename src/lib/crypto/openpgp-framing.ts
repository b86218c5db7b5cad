/** Our partial bodies: 2^20 bytes each, so that nothing is kept longer than a mebibyte and no length nears 2^31. */
export const partialSize = 1 << 20;

/** The length octet of a partial body of `partialSize` bytes (RFC 9580 §4.2.1.4): 224 + 20. */
export const partialLengthOctet = 0xf4;

/** A definite length of 0 to 2^32 − 1 in the new packet format, as short as it can be (RFC 9580 §4.2.1.1 to .3). */
export function definiteLength(length: number): Uint8Array {
  if (length < 192) return Uint8Array.of(length);
  if (length < 8_384) return Uint8Array.of(((length - 192) >> 8) + 192, (length - 192) & 0xff);
  return Uint8Array.of(0xff, length >>> 24, length >>> 16, length >>> 8, length);
}

/** The first octet of a packet in the new format. */
export function tagOctet(tag: number): number {
  return 0xc0 | tag;
}

/** A packet whose length is not known when it begins. Pieces are passed through by reference, not copied. */
export interface PacketFramer {
  /** Takes body bytes; answers what is ready to be sent, in order. */
  push(piece: Uint8Array): Uint8Array[];
  /** Ends the packet with the bytes that were held back. */
  end(): Uint8Array[];
}

/**
 * Frames a packet body in partial lengths of `partialSize` and one definite length at the end. A body that ends
 * before the first partial is full becomes an ordinary packet of definite length.
 */
export function frameByPartialLengths(tag: number): PacketFramer {
  let start: readonly number[] = [tagOctet(tag)];
  let held: Uint8Array[] = [];
  let heldSize = 0;

  function takePartial(): Uint8Array[] {
    const last = held.at(-1) as Uint8Array;
    const excess = heldSize - partialSize;
    const cut = last.byteLength - excess;
    const partial = [
      Uint8Array.of(...start, partialLengthOctet),
      ...held.slice(0, -1),
      last.subarray(0, cut),
    ];
    start = [];
    held = excess > 0 ? [last.subarray(cut)] : [];
    heldSize = excess;
    return partial;
  }

  return {
    push(piece) {
      held.push(piece);
      heldSize += piece.byteLength;
      const ready: Uint8Array[] = [];
      while (heldSize >= partialSize) ready.push(...takePartial());
      return ready;
    },
    end() {
      return [Uint8Array.of(...start, ...definiteLength(heldSize)), ...held];
    },
  };
}
