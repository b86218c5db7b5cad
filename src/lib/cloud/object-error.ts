import { failure, integrityError, type PosternError, refused, usageError } from '../base/error.ts';
import type { GetOptions } from './object-store.ts';

/** The outcomes that every object store reports in the same words, so that callers need not know the adapter. */

export function objectMissing(location: string, key: string, cause?: unknown): PosternError {
  return failure(`there is no object ${key} in ${location}`, { code: 'object-missing', cause });
}

export function objectExists(location: string, key: string, cause?: unknown): PosternError {
  return refused(`the object ${key} already exists in ${location}`, {
    code: 'object-exists',
    cause,
    hints: ['postern never overwrites such an object; look at the one that is there'],
  });
}

export function objectCorrupt(location: string, key: string, why: string): PosternError {
  return integrityError(`the object ${key} in ${location} is corrupt: ${why}`, {
    code: 'object-corrupt',
    hints: ['restore it from another copy or an older version; the disk or the store may be failing'],
  });
}

export function rangeNotSatisfiable(location: string, key: string, cause?: unknown): PosternError {
  return failure(`the object ${key} in ${location} is shorter than the range that was asked for`, {
    code: 'range-not-satisfiable',
    cause,
  });
}

/** @throws {PosternError} exit 2 when a range is not two whole numbers with start ≤ end */
export function checkRange(range: GetOptions['range']): void {
  if (range === undefined) return;
  const { start, end } = range;
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end) || start < 0 || end < start) {
    throw usageError(`the byte range ${start}-${end} is not a range`, { code: 'range-invalid' });
  }
}
