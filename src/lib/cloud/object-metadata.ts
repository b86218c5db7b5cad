import { usageError } from '../base/error.ts';
import type { PutOptions } from './object-store.ts';

/** Metadata names that adapters keep for themselves and never show to callers. */
export const reservedMetadata = 'postern-';

/**
 * Refuses metadata that an HTTP header could not carry to every store: names of `a-z 0-9 -`, values of printable ASCII,
 * at most 2,000 bytes together (S3's limit is 2 KB).
 * @throws {PosternError} exit 2, `code: 'object-metadata-invalid'`
 */
export function checkMetadata(metadata: PutOptions['metadata']): void {
  const entries = Object.entries(metadata ?? {});
  const bad = entries.find(
    ([name, value]) =>
      !/^[a-z0-9-]+$/.test(name) || name.startsWith(reservedMetadata) || !/^[ -~]*$/.test(value),
  );
  const total = entries.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  if (bad === undefined && total <= 2000) return;
  const why =
    bad === undefined ? `is ${total} bytes, over 2,000` : `${JSON.stringify(bad[0])} cannot be a header`;
  throw usageError(`the object metadata ${why}`, { code: 'object-metadata-invalid' });
}
