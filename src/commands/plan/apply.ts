import { Args } from '@oclif/core';
import type { z } from 'zod';
import { ExitCode } from '../../lib/base/exit-code.ts';
import { BaseCommand } from '../../lib/cli/base-command.ts';
import { confirmFlag, dryRunFlag, yesFlag } from '../../lib/cli/flags.ts';
import type { planApplyResult } from '../../lib/operation/result.ts';

export default class PlanApply extends BaseCommand<typeof PlanApply> {
  static override summary = 'apply a plan, or go on where an earlier run stopped';
  static override description =
    'Asks nothing where the profile asks for approval: the signatures are the confirmation. Otherwise a severe plan wants --confirm DATABASE and a moderate one --yes, once: a plan that has begun is resumed without.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> 3f9a12bc77de',
    '<%= config.bin %> <%= command.id %> 3f9a12bc77de --confirm mail',
    '<%= config.bin %> <%= command.id %> 3f9a12bc77de --dry-run',
  ];
  static override args = {
    id: Args.string({ description: "the plan's id, or its first digits", required: true, ignoreStdin: true }),
  };
  static override flags = { ...confirmFlag, ...dryRunFlag, ...yesFlag };
  static override exitCodes = [
    ExitCode.done,
    ExitCode.failure,
    ExitCode.usage,
    ExitCode.findings,
    ExitCode.incomplete,
    ExitCode.integrity,
    ExitCode.refused,
    ExitCode.partial,
    ExitCode.locked,
    ExitCode.interrupted,
  ];
  static override result = async () => (await import('../../lib/operation/result.ts')).planApplyResult;

  async run(): Promise<z.infer<typeof planApplyResult>> {
    const { operationContext } = await import('../../lib/cli/operation-context.ts');
    const { openPlanKind } = await import('../../lib/cli/plan-kinds.ts');
    const { confirmPlan } = await import('../../lib/cli/submit-plan.ts');
    const { requiredApprovals } = await import('../../lib/operation/plan.ts');
    const { showPlan } = await import('../../lib/operation/show.ts');
    const context = await this.context();
    const operation = await operationContext(context);
    const { plan, progress } = await showPlan(await operation.state(), this.args.id);
    const kind = await openPlanKind(context, plan);
    const about = { plan: plan.id, kind: plan.body.kind, steps: plan.body.steps.length };
    if (this.flags['dry-run']) {
      await kind.check(plan.id);
      this.say(
        `plan ${plan.id.slice(0, 12)} would be applied: ${about.steps - progress.results.size} steps to do`,
      );
      return { ...about, applied: false, resumedAfter: progress.results.size, certificate: null };
    }
    const isConfirmed = requiredApprovals(operation, plan.body) > 0 || progress.state !== 'open';
    if (!isConfirmed) await confirmPlan(plan, kind.danger, this.asking());
    const { resumedAfter, certificateId } = await kind.apply(plan.id);
    this.say(
      `plan ${plan.id.slice(0, 12)} is applied: ${about.steps - resumedAfter} of ${about.steps} steps in this run`,
    );
    if (certificateId !== undefined) this.print(`certificate ${certificateId}`);
    if (plan.body.kind === 'subject.erase' || plan.body.kind === 'tenant.offboard') {
      const { appliedErase } = await import('../../lib/cli/applied-erase.ts');
      const { lines, exitCode } = await appliedErase(operation, plan.id);
      for (const line of lines) this.say(line);
      this.endWith(exitCode);
    }
    return { ...about, applied: true, resumedAfter, certificate: certificateId ?? null };
  }
}
