import { sha256Hex } from '../../crypto/sha256.ts';

/** What no file system of ours can have as the name of a file, in bytes. */
const longestSegment = 255;

/**
 * Names the files that a tar program makes of the objects of a bucket: `BUCKET/KEY`, so that people find them. A key
 * that no folder can hold under its own name (an empty segment, one over 255 bytes, a key that goes on where another
 * ends: `a` and `a/b`) becomes `BUCKET.keys/SHA-256 OF THE KEY`; the index and the member's own header tell the key.
 * The keys must come in ascending byte order.
 */
export function memberNames(bucket: string): (key: string) => string {
  /** Keys that the current one begins with, each a beginning of the next. */
  let beginnings: string[] = [];
  return (key) => {
    beginnings = beginnings.filter((beginning) => key.startsWith(beginning));
    const isBelow = beginnings.some((beginning) => key.startsWith(`${beginning}/`));
    beginnings.push(key);
    const isName = key
      .split('/')
      .every((segment) => segment !== '' && Buffer.byteLength(segment) <= longestSegment);
    return isName && !isBelow ? `${bucket}/${key}` : `${bucket}.keys/${sha256Hex(Buffer.from(key))}`;
  };
}
