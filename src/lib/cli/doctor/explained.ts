import { PosternError } from '../../base/error.ts';
import { ExitCode } from '../../base/exit-code.ts';
import { explainError } from '../report-error.ts';
import type { DoctorLine } from './check.ts';

/** Runs a check of one component; an error becomes its line, so that it stops none of the others. */
export async function explained<T>(
  component: string,
  check: () => Promise<T>,
): Promise<{ readonly done: T } | { readonly failed: DoctorLine }> {
  try {
    return { done: await check() };
  } catch (error) {
    const { message, hints, exitCode, isBug } = explainError(error);
    if (isBug) throw error;
    // What the configuration leaves out is not there; what it names wrongly is a finding; the rest was not answered.
    if (error instanceof PosternError && error.code === 'not-configured')
      return { failed: { component, state: 'absent', message: 'not configured', hint: null } };
    const isWrong =
      exitCode === ExitCode.usage || exitCode === ExitCode.integrity || exitCode === ExitCode.refused;
    const state = isWrong ? 'finding' : 'unknown';
    return { failed: { component, state, message, hint: hints[0] ?? null } };
  }
}
