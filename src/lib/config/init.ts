import { writeFileAtomic } from '../base/atomic-file.ts';
import { usageError } from '../base/error.ts';
import { fileProblem } from '../base/file-problem.ts';
import { configTemplate } from './template.ts';

/**
 * Writes a first configuration.
 * @throws {PosternError} exit 2 `config-exists`, `profile-invalid`; exit 2 `config-unwritable`
 */
export async function initConfig(file: string, profile: string): Promise<void> {
  if (!/^[a-z][a-z0-9_-]*$/.test(profile)) {
    throw usageError(`${JSON.stringify(profile)} cannot name a profile`, {
      code: 'profile-invalid',
      hints: ['use lowercase letters, digits, - and _, beginning with a letter'],
    });
  }
  try {
    await writeFileAtomic(file, configTemplate(profile), { mode: 0o644, when: 'create' });
  } catch (error) {
    const isThere =
      error instanceof Error && 'code' in error && error.code === 'EEXIST' && !isFolderProblem(error);
    throw isThere
      ? usageError(`${file} exists already`, {
          code: 'config-exists',
          hints: ['name another with --file, or edit this one'],
        })
      : usageError(`${file} cannot be written: ${fileProblem(error)}`, {
          code: 'config-unwritable',
          cause: error,
        });
  }
}

/** A file stands where one of the folders should be. */
function isFolderProblem(error: Error): boolean {
  return 'syscall' in error && error.syscall === 'mkdir';
}
