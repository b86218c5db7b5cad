import {
  deflateSync,
  gunzipSync,
  gzipSync,
  inflateSync,
  zstdCompressSync,
  zstdDecompressSync,
} from 'node:zlib';

/** A value that is compressed as a whole, opened. */
export interface Packed {
  readonly content: Buffer;
  /** Another content in its place, compressed and encoded as this is. */
  pack(content: Buffer): Buffer;
}

interface Format {
  readonly isOf: (bytes: Buffer) => boolean;
  readonly open: (bytes: Buffer, options: { readonly maxOutputLength: number }) => Buffer;
  readonly close: (content: Buffer) => Buffer;
}

/** RFC 1952 §2.3.1, RFC 1950 §2.2 with the levels that zlib writes, RFC 8878 §3.1.1. */
const formats: readonly Format[] = [
  { isOf: (bytes) => bytes[0] === 0x1f && bytes[1] === 0x8b, open: gunzipSync, close: gzipSync },
  {
    isOf: (bytes) => bytes[0] === 0x78 && [0x01, 0x5e, 0x9c, 0xda].includes(bytes[1] ?? 0),
    open: inflateSync,
    close: deflateSync,
  },
  {
    isOf: (bytes) => bytes.length > 4 && bytes.readUInt32LE() === 0xfd2fb528,
    open: zstdDecompressSync,
    close: zstdCompressSync,
  },
];

/** What opens to more is left as it is. */
const maxOutputLength = 2 ** 26;

/** How the formats begin in base64. */
const heads = ['H4sI', 'eAE', 'eF4', 'eJ', 'eN', 'KLUv'];
/** Frameworks put it before what they compressed; what they signed has its signature behind. */
const mark = '.';

/** Whether a text begins as something compressed does in base64. */
export const beginsPacked = (text: string): boolean => {
  const from = text.startsWith(mark) ? 1 : 0;
  return heads.some((head) => text.startsWith(head, from));
};

/**
 * Opens a value that gzip, zlib or zstd compressed: the bytes themselves, or base64 of them at its beginning, as signed
 * sessions have it.
 * @returns undefined for any other value, and for one that cannot be opened
 */
export function packedIn(value: Buffer): Packed | undefined {
  const whole = opened(value);
  if (whole !== undefined) return whole;
  if (!beginsPacked(value.toString('latin1', 0, 8))) return undefined;
  const from = value[0] === mark.charCodeAt(0) ? 1 : 0;
  let to = from;
  while (isBase64(value[to])) to += 1;
  const body = value.toString('latin1', from, to);
  const inner = opened(Buffer.from(body, 'base64'));
  if (inner === undefined) return undefined;
  const padding = /^={0,2}/.exec(value.toString('latin1', to, to + 2))?.[0].length ?? 0;
  const alphabet = /[_-]/.test(body) || padding === 0 ? 'base64url' : 'base64';
  return {
    content: inner.content,
    pack: (content) =>
      Buffer.concat([
        value.subarray(0, from),
        Buffer.from(inner.pack(content).toString(alphabet)),
        value.subarray(to + padding),
      ]),
  };
}

function opened(bytes: Buffer): Packed | undefined {
  const format = formats.find(({ isOf }) => isOf(bytes));
  if (format === undefined) return undefined;
  try {
    return { content: format.open(bytes, { maxOutputLength }), pack: format.close };
  } catch {
    return undefined;
  }
}

const isBase64 = (byte: number | undefined): boolean =>
  byte !== undefined && /[\w+/-]/.test(String.fromCharCode(byte));
