import { Flags } from '@oclif/core';
import type { z } from 'zod';
import { ExitCode } from '../../lib/base/exit-code.ts';
import { BaseCommand } from '../../lib/cli/base-command.ts';
import { tableFlags } from '../../lib/cli/flags.ts';
import type { planListResult } from '../../lib/operation/result.ts';

export default class PlanList extends BaseCommand<typeof PlanList> {
  static override summary = 'list the plans of this profile that can still be applied';
  static override description =
    'Each with its state, how many of its approvals it has, and when it expires. `plan show` tells what it does.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --all',
  ];
  static override flags = {
    ...tableFlags,
    all: Flags.boolean({ summary: 'also what is applied, cancelled or expired' }),
    limit: Flags.integer({ summary: 'the newest so many', min: 1, max: 100_000, default: 100 }),
  };
  static override exitCodes = [ExitCode.done, ExitCode.failure, ExitCode.usage];
  static override result = async () => (await import('../../lib/operation/result.ts')).planListResult;

  async run(): Promise<z.infer<typeof planListResult>> {
    const { checkedState } = await import('../../lib/cli/checked-state.ts');
    const { listPlans } = await import('../../lib/operation/plan-store.ts');
    const context = await this.context();
    const listed = await listPlans(await checkedState(context), {
      profile: context.profile,
      now: context.clock.now(),
      which: this.flags.all ? 'all' : 'pending',
      limit: this.flags.limit,
    });
    const plans = listed.map(({ asked, ...plan }) => ({
      ...plan,
      required: Math.max(asked, context.approvalsFor(plan.kind)),
    }));
    await this.printTable(
      plans,
      [
        { header: 'plan', value: ({ id }) => id.slice(0, 12) },
        { header: 'kind', value: ({ kind }) => kind },
        { header: 'state', value: ({ state }) => state },
        { header: 'approvals', value: ({ approvals, required }) => `${approvals} of ${required}` },
        { header: 'made', value: ({ createdAt }) => createdAt },
        { header: 'expires', value: ({ expiresAt }) => expiresAt },
      ],
      'no plans',
    );
    return { plans };
  }
}
