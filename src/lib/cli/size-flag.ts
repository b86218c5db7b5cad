import { parseByteSize } from '../base/byte-size.ts';
import { usageError } from '../base/error.ts';

/**
 * The value of a flag such as `--max-egress 2GiB`, in bytes.
 * @throws {PosternError} exit 2, `size-invalid`
 */
export function sizeFlag(name: string, text: string): number {
  const bytes = parseByteSize(text);
  if (bytes !== undefined) return bytes;
  throw usageError(`--${name} ${JSON.stringify(text)} is not a size`, {
    code: 'size-invalid',
    hints: ['write it as 500MB or 2GiB'],
  });
}
