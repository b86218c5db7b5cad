import type { ExitCode } from '../base/exit-code.ts';
import type { OperationContext } from '../operation/context.ts';
import { showPlan } from '../operation/show.ts';
import { doneLines, eraseExitCode, type ToldErase } from './subject-erase.ts';

/** What an erasure that `plan apply` has brought to its end did and left, as `subject erase` tells it. */
export async function appliedErase(
  operation: OperationContext,
  planId: string,
): Promise<{ readonly lines: readonly string[]; readonly exitCode: ExitCode }> {
  const { eraseOutcome } = await import('../subject/erase/index.ts');
  const state = await operation.state();
  const { plan } = await showPlan(state, planId);
  const done = (await eraseOutcome(state, plan)) ?? null;
  const told: ToldErase = {
    outcome: 'applied',
    done,
    planId: plan.id,
    certificateId: null,
  };
  // The last line only says that it is applied.
  return { lines: doneLines(told).slice(0, -1), exitCode: eraseExitCode(told) };
}
