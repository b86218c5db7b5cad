import { Args, Flags } from '@oclif/core';
import type { z } from 'zod';
import { messageOf } from '../../lib/base/error.ts';
import { ExitCode } from '../../lib/base/exit-code.ts';
import { BaseCommand } from '../../lib/cli/base-command.ts';
import { dryRunFlag, yesFlag } from '../../lib/cli/flags.ts';
import { confirmYes } from '../../lib/cli/prompt.ts';
import type { Plan } from '../../lib/operation/plan.ts';
import type { planCancelResult } from '../../lib/operation/result.ts';

export default class PlanCancel extends BaseCommand<typeof PlanCancel> {
  static override summary = 'end a plan for good without applying it';
  static override description =
    'A cancelled plan can never be applied. One that has begun is not undone by this, and needs --abandon.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> 3f9a12bc77de --reason "superseded" --yes',
    '<%= config.bin %> <%= command.id %> 3f9a12bc77de --reason "cannot succeed" --abandon --yes',
  ];
  static override args = {
    id: Args.string({ description: "the plan's id, or its first digits", required: true, ignoreStdin: true }),
  };
  static override flags = {
    ...dryRunFlag,
    ...yesFlag,
    reason: Flags.string({ summary: 'why; it stands in the audit log', required: true }),
    abandon: Flags.boolean({ summary: 'even when it is partly applied: what is done stays done' }),
  };
  static override exitCodes = [
    ExitCode.done,
    ExitCode.failure,
    ExitCode.usage,
    ExitCode.integrity,
    ExitCode.refused,
    ExitCode.locked,
  ];
  static override result = async () => (await import('../../lib/operation/result.ts')).planCancelResult;

  async run(): Promise<z.infer<typeof planCancelResult>> {
    const { operationContext } = await import('../../lib/cli/operation-context.ts');
    const { cancelPlan } = await import('../../lib/operation/cancel.ts');
    const { showPlan } = await import('../../lib/operation/show.ts');
    const operation = await operationContext(await this.context());
    const { plan, progress } = await showPlan(await operation.state(), this.args.id);
    const name = `plan ${plan.id.slice(0, 12)} (${plan.body.kind}) of profile ${plan.body.profile}`;
    if (this.flags['dry-run']) {
      this.say(
        `${name} is ${progress.state}; ${progress.results.size} of ${plan.body.steps.length} steps are done`,
      );
      return { plan: plan.id, cancelled: false, stepsDone: progress.results.size, leftovers: [] };
    }
    await confirmYes(`cancel ${name}?`, this.asking());
    const { stepsDone } = await cancelPlan(operation, plan.id, {
      reason: this.flags.reason,
      whenStarted: this.flags.abandon ? 'abandon' : 'refuse',
    });
    this.say(`${name} is cancelled`);
    const leftovers = progress.state === 'applying' ? await this.leftovers(plan) : [];
    for (const line of leftovers) this.print(line);
    return { plan: plan.id, cancelled: true, stepsDone, leftovers: [...leftovers] };
  }

  /** Cancelling must work where the plan's own context is not to be had: on another host, without its server. */
  private async leftovers(plan: Plan): Promise<readonly string[]> {
    const { openPlanKind } = await import('../../lib/cli/plan-kinds.ts');
    try {
      return await (await openPlanKind(await this.context(), plan)).leftovers(plan);
    } catch (error) {
      this.addWarning(`what the plan has left behind cannot be looked at: ${messageOf(error)}`);
      return [];
    }
  }
}
