import { Args, Flags } from '@oclif/core';
import type { z } from 'zod';
import { ExitCode } from '../../lib/base/exit-code.ts';
import { BaseCommand } from '../../lib/cli/base-command.ts';
import type { planShowResult } from '../../lib/operation/result.ts';

export default class PlanShow extends BaseCommand<typeof PlanShow> {
  static override summary = 'show what a plan does, and who has signed it';
  static override description =
    '--canonical writes exactly the bytes that the id hashes and that signatures cover, without a newline at the end.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> 3f9a12bc77de',
    '<%= config.bin %> <%= command.id %> 3f9a12bc77de --canonical > plan.json && gpg --detach-sign --armor plan.json',
  ];
  static override args = {
    id: Args.string({ description: "the plan's id, or its first digits", required: true, ignoreStdin: true }),
  };
  static override flags = {
    canonical: Flags.boolean({
      summary: 'the canonical text alone, to hash or to sign',
      exclusive: ['json'],
    }),
  };
  static override exitCodes = [
    ExitCode.done,
    ExitCode.failure,
    ExitCode.usage,
    ExitCode.integrity,
    ExitCode.refused,
  ];
  static override result = async () => (await import('../../lib/operation/result.ts')).planShowResult;

  async run(): Promise<z.infer<typeof planShowResult>> {
    const { checkedState } = await import('../../lib/cli/checked-state.ts');
    const { requiredApprovals } = await import('../../lib/operation/plan.ts');
    const { showPlan } = await import('../../lib/operation/show.ts');
    const context = await this.context();
    const { plan, progress, signatures } = await showPlan(await checkedState(context), this.args.id);
    const required = requiredApprovals(context, plan.body);
    if (this.flags.canonical) process.stdout.write(plan.text);
    else {
      const { planText } = await import('../../lib/cli/plan-text.ts');
      const { visible } = await import('../../lib/cli/table.ts');
      this.print(planText(plan.id, plan.body));
      this.print(
        `state     ${progress.state}, ${progress.results.size} of ${plan.body.steps.length} steps done`,
      );
      this.print(`approvals ${required} required; signatures on record:`);
      for (const { role, name, fingerprint, signedAt } of signatures) {
        this.print(visible(`  ${role} ${name} (${fingerprint}) at ${signedAt}`));
      }
    }
    return (await PlanShow.result()).parse({
      id: plan.id,
      state: progress.state,
      body: plan.body,
      stepsDone: progress.results.size,
      required,
      signatures,
    });
  }
}
