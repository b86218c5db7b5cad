import { Args, Flags } from '@oclif/core';
import { ExitCode } from '../../lib/base/exit-code.ts';
import { BaseCommand } from '../../lib/cli/base-command.ts';
import type { HoldSettleResult } from '../../lib/subject/hold/results.ts';

export default class HoldSettle extends BaseCommand<typeof HoldSettle> {
  static override summary = 'record which erasure took up what a released hold had kept';
  static override description =
    'An erasure records that itself where it can tell. Where it cannot, as after a change of key, or where an earlier plan erased others too, somebody who looked names the plan. Believes what it is told, and is on the audit log.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> 4 --plan 3f9a12bc77de --reason "both persons of T-17 were erased by it"',
  ];
  static override args = {
    number: Args.integer({ description: 'as `hold list` has it', required: true, ignoreStdin: true }),
  };
  static override flags = {
    plan: Flags.string({
      summary: 'the erasure that was applied, by its id or the first digits',
      helpValue: 'ID',
      required: true,
    }),
    reason: Flags.string({ summary: 'how that is known; name no person', helpValue: 'TEXT', required: true }),
  };
  static override exitCodes = [ExitCode.done, ExitCode.failure, ExitCode.usage, ExitCode.refused];
  static override result = async () => (await import('../../lib/subject/hold/results.ts')).holdSettleResult;

  async run(): Promise<HoldSettleResult> {
    const { operationContext } = await import('../../lib/cli/operation-context.ts');
    const { requireText } = await import('../../lib/cli/require-text.ts');
    const { settleHold } = await import('../../lib/subject/hold/index.ts');
    const context = await operationContext(await this.context());
    const { plan, reason } = this.flags;
    const result = await settleHold(context, this.args.number, {
      plan,
      reason: requireText('reason', reason),
    });
    this.print(`hold ${result.hold.number}: nothing waits any more`);
    return result;
  }
}
