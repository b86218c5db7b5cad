import { Args, Flags } from '@oclif/core';
import { ExitCode } from '../../lib/base/exit-code.ts';
import { BaseCommand } from '../../lib/cli/base-command.ts';
import type { HoldReleaseResult } from '../../lib/subject/hold/results.ts';

export default class HoldRelease extends BaseCommand<typeof HoldRelease> {
  static override summary = 'end a hold, and say what it kept from erasures';
  static override description =
    'Erases nothing itself: rows that erasures left because of this hold wait, and `hold list` ends with 3, until these persons are erased again. Another hold on the same rows keeps them.';
  static override examples = ['<%= config.bin %> <%= command.id %> 4 --reason "settled on 2027-02-11"'];
  static override args = {
    number: Args.integer({ description: 'as `hold list` has it', required: true, ignoreStdin: true }),
  };
  static override flags = {
    reason: Flags.string({ summary: 'why; name no person', helpValue: 'TEXT', required: true }),
  };
  static override exitCodes = [ExitCode.done, ExitCode.failure, ExitCode.usage, ExitCode.refused];
  static override result = async () => (await import('../../lib/subject/hold/results.ts')).holdReleaseResult;

  async run(): Promise<HoldReleaseResult> {
    const { operationContext } = await import('../../lib/cli/operation-context.ts');
    const { releasedLines } = await import('../../lib/cli/hold.ts');
    const { requireText } = await import('../../lib/cli/require-text.ts');
    const { releaseHold } = await import('../../lib/subject/hold/index.ts');
    const context = await operationContext(await this.context());
    const reason = requireText('reason', this.flags.reason);
    const result = await releaseHold(context, this.args.number, reason);
    for (const line of releasedLines(result)) this.print(line);
    return result;
  }
}
