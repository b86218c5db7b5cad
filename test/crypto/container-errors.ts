import { expect } from 'vitest';
import { ExitCode } from '../../src/lib/base/exit-code.ts';

/** What opening a message may throw, to compare with. */
export const corrupt = expect.objectContaining({ exitCode: ExitCode.integrity, code: 'container-corrupt' });
export const notForUs = expect.objectContaining({ exitCode: ExitCode.failure, code: 'not-for-these-keys' });
export const unsupported = expect.objectContaining({
  exitCode: ExitCode.failure,
  code: 'unsupported-container',
});
export const usage = (code: string) => expect.objectContaining({ exitCode: ExitCode.usage, code });
