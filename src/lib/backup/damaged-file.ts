import { PosternError } from '../base/error.ts';
import { ExitCode } from '../base/exit-code.ts';

/** A file of a set is gone, changed, or not what it must be; `verify` tells which one. */
export class DamagedFile extends PosternError {
  readonly file: string;

  constructor(file: string, cause: PosternError) {
    super(cause.exitCode, cause.message.includes(file) ? cause.message : `${file}: ${cause.message}`, {
      cause,
      hints: cause.hints,
      ...(cause.code === undefined ? {} : { code: cause.code }),
    });
    this.file = file;
  }
}

/** Runs work on one file of a set, so that an integrity error (exit 5) says which file it is about. */
export async function aboutFile<T>(file: string, work: () => Promise<T> | T): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isIntegrityError(error) || error instanceof DamagedFile) throw error;
    throw new DamagedFile(file, error);
  }
}

export function isIntegrityError(error: unknown): error is PosternError {
  return error instanceof PosternError && error.exitCode === ExitCode.integrity;
}
