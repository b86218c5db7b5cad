import { z } from 'zod';
import { integrityError } from '../../base/error.ts';
import { canonicalJson, type JsonObject } from '../../crypto/canonical-json.ts';

const count = z.number().int().nonnegative();

/** An object of the inventory and where its bytes are. */
export const storedLine = z.strictObject({
  bucket: z.string(),
  key: z.string(),
  /** The source store's, where it keeps versions. */
  versionId: z.string().optional(),
  /** Bytes. */
  size: count,
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  modified: z.string(),
  /** As the source store told them; left out where the bytes are in an earlier set: there the member's header tells. */
  contentType: z.string().optional(),
  metadata: z.record(z.string(), z.string()).optional(),
  /** The set whose archive holds the bytes. */
  set: z.string(),
  /** Of the member's first byte in the archive's plain text. */
  offset: count,
  /** Bytes of the member's headers, which stand directly in front of it. */
  head: z.number().int().positive(),
  /** Whether a row of the set names it. */
  referenced: z.boolean(),
  /** It had been deleted when the store was listed, and comes from below the delete marker. */
  deleted: z.literal(true).optional(),
});

/** An object that the set does not hold, and why. */
export const missingLine = z.strictObject({
  bucket: z.string(),
  key: z.string(),
  missing: z.literal(true),
  reason: z.enum(['absent', 'damaged', 'name']),
  referenced: z.boolean(),
});

export type StoredLine = z.infer<typeof storedLine>;
export type MissingLine = z.infer<typeof missingLine>;
export type IndexLine = StoredLine | MissingLine;

/** With its line feed. */
export function formatLine(line: IndexLine): Buffer {
  return Buffer.from(`${canonicalJson(line as JsonObject)}\n`);
}

/** @throws {PosternError} exit 5, `objects-index-malformed` */
export function parseLine(text: string): IndexLine {
  try {
    const value: unknown = JSON.parse(text);
    const isMissing = typeof value === 'object' && value !== null && 'missing' in value;
    return isMissing ? missingLine.parse(value) : storedLine.parse(value);
  } catch (cause) {
    throw integrityError('a line of the index of mail objects is not what it must be', {
      code: 'objects-index-malformed',
      cause,
    });
  }
}

/** The order of the index: buckets, and keys within one, in ascending byte order. */
export function compareLines(a: IndexLine, b: IndexLine): number {
  return (
    Buffer.compare(Buffer.from(a.bucket), Buffer.from(b.bucket)) ||
    Buffer.compare(Buffer.from(a.key), Buffer.from(b.key))
  );
}
