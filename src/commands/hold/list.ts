import { Flags } from '@oclif/core';
import { ExitCode } from '../../lib/base/exit-code.ts';
import { BaseCommand } from '../../lib/cli/base-command.ts';
import { tableFlags } from '../../lib/cli/flags.ts';
import { watchFlags } from '../../lib/cli/watch/watch-flags.ts';
import type { HoldListResult } from '../../lib/subject/hold/results.ts';

export default class HoldList extends BaseCommand<typeof HoldList> {
  static override summary = 'list the holds, and what they have kept from erasures';
  static override description =
    'Those that are in force, and those that are released while rows that they kept wait to be erased; with --all the others too. Ends with 3 where the day of review of one is past, or rows wait.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --all --output csv',
  ];
  static override flags = {
    ...tableFlags,
    ...watchFlags,
    all: Flags.boolean({ summary: 'also those that are released and keep nothing waiting' }),
  };
  static override exitCodes = [ExitCode.done, ExitCode.failure, ExitCode.usage, ExitCode.findings];
  static override result = async () => (await import('../../lib/subject/hold/results.ts')).holdListResult;

  async run(): Promise<HoldListResult> {
    const { checkedState } = await import('../../lib/cli/checked-state.ts');
    const { holdColumns } = await import('../../lib/cli/hold.ts');
    const { listHolds } = await import('../../lib/subject/hold/index.ts');
    const context = await this.context();
    const result = await listHolds(await checkedState(context), context.profile, {
      now: context.clock.now(),
      all: this.flags.all,
    });
    await this.printTable(result.holds, holdColumns, 'nothing is held');
    for (const [name, help] of [
      ['active', 'Holds that are in force.'],
      ['review', 'Holds whose day of review is past.'],
      ['waiting', 'Holds that are released while rows that they kept wait to be erased.'],
    ] as const) {
      this.gauge({ name: `postern_holds_${name}`, help, value: result[name] });
    }
    this.endWith(result.review + result.waiting === 0 ? ExitCode.done : ExitCode.findings);
    return result;
  }
}
