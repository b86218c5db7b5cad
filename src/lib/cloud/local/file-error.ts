import { failure, messageOf, PosternError } from '../../base/error.ts';

/** The `code` of a system error, as `ENOENT`. */
export function errno(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}

/** Runs file operations; a system error becomes a `PosternError` that names the place and what to do. */
export async function withFileErrors<T>(
  location: string,
  operation: string,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw fileError(location, operation, error);
  }
}

/**
 * A system error as a person can act on it: `store-full`, `store-refused`, `store-no-hard-links`,
 * `store-unreachable`. What is not a system error is passed through.
 */
export function fileError(location: string, operation: string, error: unknown): unknown {
  const code = errno(error);
  if (error instanceof PosternError || code === undefined) return error;
  const what = `${operation} at ${location} failed`;
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return failure(`${what}: the disk or its quota is full, nothing was stored`, {
        code: 'store-full',
        cause: error,
        hints: ['free or add space, or move the store to a larger disk, then run the same command again'],
      });
    case 'EACCES':
    case 'EROFS':
      return failure(`${what}: the operating system refuses it (${code})`, {
        code: 'store-refused',
        cause: error,
        hints: ['check the owner and mode of the folder, and whether it is mounted read-only'],
      });
    case 'ENOTSUP':
    case 'EOPNOTSUPP':
    case 'EPERM':
      return failure(`${what}: the file system does not do what the store needs (${code})`, {
        code: 'store-no-hard-links',
        cause: error,
        hints: ['use a file system with hard links and permissions: ext4, XFS, ZFS, Btrfs, APFS'],
      });
    default:
      return failure(`${what}: ${messageOf(error)}`, {
        code: 'store-unreachable',
        cause: error,
        hints: ['check that the disk is mounted and healthy'],
      });
  }
}
