import type { ExitCode } from '../base/exit-code.ts';
import type { OperationContext } from '../operation/context.ts';
import type { Plan } from '../operation/plan.ts';
import { showPlan } from '../operation/show.ts';
import { doneLines, eraseExitCode, type ToldErase } from './subject-erase.ts';

interface Told {
  readonly lines: readonly string[];
  readonly exitCode: ExitCode;
}

/** What an erasure that `plan apply` has brought to its end did and left, as the command tells it that plans it. */
export async function appliedErase(operation: OperationContext, planId: string): Promise<Told> {
  const { eraseOutcome } = await import('../subject/erase/index.ts');
  const state = await operation.state();
  const { plan } = await showPlan(state, planId);
  if (plan.body.kind === 'tenant.offboard') return appliedOffboarding(operation, plan);
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

async function appliedOffboarding(operation: OperationContext, plan: Plan): Promise<Told> {
  const { offboardOutcome } = await import('../subject/offboard/index.ts');
  const { deletedLines, deletionExitCode } = await import('./tenant-offboard.ts');
  const done = (await offboardOutcome(await operation.state(), plan)) ?? null;
  const told = { outcome: 'applied', done, planId: plan.id, certificateId: null } as const;
  return { lines: deletedLines(told).slice(0, -1), exitCode: deletionExitCode(told) };
}
