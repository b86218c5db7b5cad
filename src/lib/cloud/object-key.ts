import { usageError } from '../base/error.ts';

/** S3's limit, which every store here keeps. */
const maxKeyBytes = 1024;

/**
 * Refuses a key that some store could not hold or that could leave its folder: empty, over 1,024 bytes of UTF-8,
 * with a `.` or `..` segment, with NUL, or not well-formed Unicode.
 * @throws {PosternError} exit 2, `code: 'object-key-invalid'`
 */
export function checkObjectKey(key: string): void {
  const problem = keyProblem(key);
  if (problem !== undefined) {
    throw usageError(`the object key ${JSON.stringify(key.slice(0, 80))} ${problem}`, {
      code: 'object-key-invalid',
    });
  }
}

function keyProblem(key: string): string | undefined {
  if (key === '') return 'is empty';
  if (!key.isWellFormed()) return 'is not well-formed Unicode';
  if (Buffer.byteLength(key) > maxKeyBytes) return `is longer than ${maxKeyBytes} bytes`;
  if (key.includes('\0')) return 'holds a NUL character';
  if (key.split('/').some((segment) => segment === '.' || segment === '..'))
    return 'has a `.` or `..` segment';
  return undefined;
}
