import { messageOf } from './error.ts';

/** Why a file could not be read or written, without its path, which the message around it names. */
export function fileProblem(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return problems[code] ?? messageOf(error);
}

const problems: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of its path is not a folder',
  EEXIST: 'a part of its path is not a folder',
  ELOOP: 'its symbolic links go round in a circle',
  EROFS: 'the file system is read-only',
  ENAMETOOLONG: 'its name is too long',
};
