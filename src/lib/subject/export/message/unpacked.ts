import { gunzipSync, zstdDecompressSync } from 'node:zlib';

const forms = [
  { magic: Buffer.from([0x1f, 0x8b, 0x08]), open: gunzipSync },
  { magic: Buffer.from([0x28, 0xb5, 0x2f, 0xfd]), open: zstdDecompressSync },
] as const;

/**
 * A message that a store keeps compressed, as programs read it: what has to be masked in it could not be seen otherwise.
 * One that cannot be opened, or would be too large, stays as it is.
 */
export function unpacked(message: Buffer, largest: number): Buffer {
  const form = forms.find(({ magic }) => message.subarray(0, magic.byteLength).equals(magic));
  if (form === undefined) return message;
  try {
    return form.open(message, { maxOutputLength: largest });
  } catch {
    return message;
  }
}
