// The records of a zip file (PKWARE APPNOTE 6.3.10), as far as an archive of ours has them: every size is known before
// its entry begins, so there are no data descriptors, and the file can be read from its beginning to its end.

/** What of an entry stands in its headers. */
export interface ZipEntry {
  /** `/`-separated, relative, UTF-8. */
  readonly name: string;
  readonly crc32: number;
  /** Bytes, as they are in the archive and as they were. */
  readonly compressedSize: number;
  readonly size: number;
  readonly method: 'stored' | 'deflated';
}

export const signature = {
  local: 0x04034b50,
  central: 0x02014b50,
  end: 0x06054b50,
  end64: 0x06064b50,
  locator64: 0x07064b50,
} as const;

const methodNumber = { stored: 0, deflated: 8 } as const;
/** Names are UTF-8 (bit 11). */
const flags = 0x0800;
const max16 = 0xffff;
const max32 = 0xffffffff;
/** Zip64 sizes are needed from here on; the value itself means that they are elsewhere. */
const isLarge = (value: number): boolean => value >= max32;
const version = (needs64: boolean): number => (needs64 ? 45 : 20);

/** Date and time as MS-DOS has them: local time without a zone, here UTC, in steps of two seconds. */
function dosTime(at: Date): { readonly time: number; readonly date: number } {
  return {
    time: (at.getUTCHours() << 11) | (at.getUTCMinutes() << 5) | (at.getUTCSeconds() >> 1),
    date: (Math.max(0, at.getUTCFullYear() - 1980) << 9) | ((at.getUTCMonth() + 1) << 5) | at.getUTCDate(),
  };
}

export function localHeader({ name, crc32, compressedSize, size, method }: ZipEntry, at: Date): Buffer {
  const nameBytes = Buffer.from(name);
  const needs64 = isLarge(size) || isLarge(compressedSize);
  const extra = needs64 ? extra64(size, compressedSize) : Buffer.alloc(0);
  const header = Buffer.alloc(30);
  const { time, date } = dosTime(at);
  header.writeUInt32LE(signature.local, 0);
  header.writeUInt16LE(version(needs64), 4);
  header.writeUInt16LE(flags, 6);
  header.writeUInt16LE(methodNumber[method], 8);
  header.writeUInt16LE(time, 10);
  header.writeUInt16LE(date, 12);
  header.writeUInt32LE(crc32, 14);
  header.writeUInt32LE(needs64 ? max32 : compressedSize, 18);
  header.writeUInt32LE(needs64 ? max32 : size, 22);
  header.writeUInt16LE(nameBytes.byteLength, 26);
  header.writeUInt16LE(extra.byteLength, 28);
  return Buffer.concat([header, nameBytes, extra]);
}

/** @param offset where the local header begins */
export function centralHeader(entry: ZipEntry, offset: number, at: Date): Buffer {
  const { name, crc32, compressedSize, size, method } = entry;
  const nameBytes = Buffer.from(name);
  const large = [size, compressedSize, offset].some(isLarge);
  const extra = large ? extra64(size, compressedSize, offset) : Buffer.alloc(0);
  const header = Buffer.alloc(46);
  const { time, date } = dosTime(at);
  header.writeUInt32LE(signature.central, 0);
  // Made on UNIX, so that the permissions below mean something.
  header.writeUInt16LE((3 << 8) | 45, 4);
  header.writeUInt16LE(version(large), 6);
  header.writeUInt16LE(flags, 8);
  header.writeUInt16LE(methodNumber[method], 10);
  header.writeUInt16LE(time, 12);
  header.writeUInt16LE(date, 14);
  header.writeUInt32LE(crc32, 16);
  header.writeUInt32LE(large ? max32 : compressedSize, 20);
  header.writeUInt32LE(large ? max32 : size, 24);
  header.writeUInt16LE(nameBytes.byteLength, 28);
  header.writeUInt16LE(extra.byteLength, 30);
  header.writeUInt32LE((0o100600 << 16) >>> 0, 38);
  header.writeUInt32LE(large ? max32 : offset, 42);
  return Buffer.concat([header, nameBytes, extra]);
}

/** What ends the file: the zip64 records where something is too large for the old one, and the old one. */
export function endRecords(entries: number, start: number, size: number): Buffer {
  const needs64 = entries >= max16 || isLarge(start) || isLarge(size);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(signature.end, 0);
  end.writeUInt16LE(needs64 ? max16 : entries, 8);
  end.writeUInt16LE(needs64 ? max16 : entries, 10);
  end.writeUInt32LE(needs64 ? max32 : size, 12);
  end.writeUInt32LE(needs64 ? max32 : start, 16);
  if (!needs64) return end;
  const end64 = Buffer.alloc(56);
  end64.writeUInt32LE(signature.end64, 0);
  // The size of what follows this field.
  end64.writeBigUInt64LE(44n, 4);
  end64.writeUInt16LE((3 << 8) | 45, 12);
  end64.writeUInt16LE(45, 14);
  end64.writeBigUInt64LE(BigInt(entries), 24);
  end64.writeBigUInt64LE(BigInt(entries), 32);
  end64.writeBigUInt64LE(BigInt(size), 40);
  end64.writeBigUInt64LE(BigInt(start), 48);
  const locator = Buffer.alloc(20);
  locator.writeUInt32LE(signature.locator64, 0);
  locator.writeBigUInt64LE(BigInt(start + size), 8);
  locator.writeUInt32LE(1, 16);
  return Buffer.concat([end64, locator, end]);
}

function extra64(...values: readonly number[]): Buffer {
  const extra = Buffer.alloc(4 + values.length * 8);
  extra.writeUInt16LE(1, 0);
  extra.writeUInt16LE(values.length * 8, 2);
  for (const [index, value] of values.entries()) extra.writeBigUInt64LE(BigInt(value), 4 + index * 8);
  return extra;
}
