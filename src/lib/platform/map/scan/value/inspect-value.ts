import { constants, gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib';
import { columnMagic, readColumnValue } from '../../../../crypto/column-value.ts';
import { hasAddress, isAddress } from './address.ts';
import { arrayElements } from './array-elements.ts';
import { base64In, hexIn, utf8Text, wholeBase64 } from './decode.ts';
import { type JsonStep, jsonStrings } from './json-strings.ts';
import { formatOfText, type TextFormat } from './text-format.ts';

/** How the values of a column are looked into. */
export type ValueKind = 'text' | 'array' | 'json' | 'bytes';

/** How an address is written. */
export type AddressForm = 'plain' | 'base64' | 'hex' | 'utf-16' | 'compressed';

/** An address in a value, told without the value. */
export interface Sighting {
  readonly form: AddressForm;
  /** The text, element or string is one address and nothing else. */
  readonly isWhole: boolean;
  /** The format of the text that it stands in; null where it is whole or not in clear. */
  readonly format: TextFormat | null;
  /** Where in a JSON document; of a key: the object that has it. */
  readonly path?: readonly JsonStep[];
  readonly isKey?: boolean;
}

/** What one value turned out to hold. */
export interface Inspection {
  readonly sightings: readonly Sighting[];
  /** The value begins as those do that postern encrypted, in clear bytes, base64 or hexadecimal. */
  readonly isEncrypted: boolean;
  /** The id of the key that an encrypted value names. */
  readonly keyId?: string;
}

const nothing: Inspection = { sightings: [], isEncrypted: false };

/** Looks for addresses and for encrypted values. What is not found out about a value is lost when this returns. */
export function inspectValue(kind: ValueKind, value: string | Buffer): Inspection {
  if (kind === 'bytes') return inspectBytesValue(typeof value === 'string' ? Buffer.from(value) : value);
  const text = typeof value === 'string' ? value : value.toString('utf8');
  if (kind === 'array') return { ...nothing, sightings: found(Array.from(arrayElements(text), inText)) };
  if (kind === 'json') return { ...nothing, sightings: inJson(text) };
  const sealed = encryptedBytes(text);
  return sealed === undefined ? { ...nothing, sightings: found([inText(text)]) } : encrypted(sealed);
}

function inspectBytesValue(bytes: Buffer): Inspection {
  if (bytes.subarray(0, columnMagic.length).equals(columnMagic)) return encrypted(bytes);
  const text = utf8Text(bytes);
  const sealed = text === undefined ? undefined : encryptedBytes(text);
  return sealed === undefined ? { ...nothing, sightings: found([inBytes(bytes)]) } : encrypted(sealed);
}

const found = (sightings: readonly (Sighting | undefined)[]): readonly Sighting[] =>
  sightings.filter((sighting) => sighting !== undefined);

function encrypted(bytes: Buffer): Inspection {
  const value = readColumnValue(bytes);
  return { sightings: [], isEncrypted: true, ...(typeof value === 'string' ? {} : { keyId: value.keyId }) };
}

/** An encrypted value that was written as base64 or hexadecimal. */
function encryptedBytes(text: string): Buffer | undefined {
  const start = text.slice(0, 12).toLowerCase();
  const bytes = start.startsWith('ufnut')
    ? Buffer.from(text, 'base64')
    : /^(?:\\x|0x)?5053544e/.test(start)
      ? hexIn(text)
      : undefined;
  return bytes?.subarray(0, columnMagic.length).equals(columnMagic) === true ? bytes : undefined;
}

function inText(text: string): Sighting | undefined {
  if (hasAddress(text)) return inClear(text);
  for (const bytes of base64In(text)) {
    if (hasAddressInBytes(bytes)) return { form: 'base64', isWhole: false, format: null };
  }
  const bytes = hexIn(text);
  return bytes !== undefined && hasAddressInBytes(bytes)
    ? { form: 'hex', isWhole: false, format: null }
    : undefined;
}

function inClear(text: string): Sighting {
  const isWhole = isAddress(text);
  return { form: 'plain', isWhole, format: isWhole ? null : formatOfText(text) };
}

function inBytes(bytes: Buffer): Sighting | undefined {
  const text = utf8Text(bytes);
  if (text !== undefined) return inText(text);
  const unpacked = decompressed(bytes);
  if (unpacked !== undefined && hasAddressInBytes(unpacked))
    return { form: 'compressed', isWhole: false, format: null };
  const latin = bytes.toString('latin1');
  if (hasAddress(latin, 'bytes')) return { form: 'plain', isWhole: false, format: formatOfText(latin) };
  return hasAddressInUtf16(bytes) ? { form: 'utf-16', isWhole: false, format: null } : undefined;
}

/** Also where the bytes are base64 once more, or compressed: applications wrap what they send. */
function hasAddressInBytes(bytes: Buffer, wrappings = 1): boolean {
  const text = utf8Text(bytes);
  // Most bytes are no address; `sign` in address.ts has what else stands for @, each with one of these.
  if (bytes.includes(0x40) || bytes.includes('40') || bytes.includes('64;')) {
    if (text === undefined ? hasAddress(bytes.toString('latin1'), 'bytes') : hasAddress(text)) return true;
  }
  if (hasAddressInUtf16(bytes)) return true;
  if (wrappings === 0) return false;
  const inner = text === undefined ? decompressed(bytes) : wholeBase64(text);
  return inner !== undefined && hasAddressInBytes(inner, wrappings - 1);
}

/** UTF-16 in either order of bytes, as Windows programs store it. */
function hasAddressInUtf16(bytes: Buffer): boolean {
  if (!bytes.includes('@\0') && !bytes.includes('\0@')) return false;
  // Where its first byte is odd, so are all: bytes of something else may stand before.
  return [0, 1].some((shift) => {
    const even = bytes.subarray(shift, bytes.length - ((bytes.length - shift) % 2));
    return [even, Buffer.from(even).swap16()].some((one) => hasAddress(one.toString('utf16le'), 'bytes'));
  });
}

function inJson(document: string): readonly Sighting[] {
  const sightings: Sighting[] = [];
  for (const { path, text, isKey } of jsonStrings(document)) {
    const sighting = inText(text);
    if (sighting !== undefined) sightings.push({ ...sighting, path, isKey });
  }
  return sightings;
}

const unpackedLength = 2 ** 20;

/** gzip and zlib, also when the value was cut off; of Zstandard whatever blocks are whole. */
function decompressed(bytes: Buffer): Buffer | undefined {
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
  const isZlib = bytes[0] === 0x78 && [0x01, 0x5e, 0x9c, 0xda].includes(bytes[1] ?? 0);
  const isZstd = bytes.length > 4 && bytes.readUInt32LE() === 0xfd2fb528;
  if (!isGzip && !isZlib && !isZstd) return undefined;
  try {
    const maxOutputLength = unpackedLength;
    if (isZstd) return zstdDecompressSync(bytes, { finishFlush: constants.ZSTD_e_flush, maxOutputLength });
    const options = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength };
    return isGzip ? gunzipSync(bytes, options) : inflateSync(bytes, options);
  } catch {
    return undefined;
  }
}
