import type { z } from 'zod';
import { ExitCode } from '../base/exit-code.ts';
import { planBody, shortId } from '../operation/plan.ts';
import type { submitResult } from '../operation/result.ts';
import { planText } from './plan-text.ts';
import type { PlanMode, SubmittedPlan } from './submit-plan.ts';

/** The mode that a domain command's flags ask for. */
export function planModeOf(flags: { readonly 'dry-run': boolean; readonly 'plan-only': boolean }): PlanMode {
  if (flags['dry-run']) return 'dry-run';
  return flags['plan-only'] ? 'plan-only' : 'apply';
}

/** Tells a person what became of the plan, and makes the command's result. Exit 6 while approval is awaited. */
export function reportSubmitted(
  { plan, outcome, applied }: SubmittedPlan,
  command: { print(line: string): void; endWith(code: ExitCode): void },
): z.infer<typeof submitResult> {
  command.print(planText(plan.id, plan.body));
  command.print(`outcome   ${outcome}`);
  if (outcome === 'awaiting approval') {
    command.print(`next      another operator: postern plan approve ${shortId(plan.id)}`);
    command.endWith(ExitCode.refused);
  }
  return {
    plan: plan.id,
    outcome,
    certificate: applied?.certificateId ?? null,
    body: planBody.parse(plan.body),
  };
}
