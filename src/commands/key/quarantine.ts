import { Flags } from '@oclif/core';
import { ExitCode } from '../../lib/base/exit-code.ts';
import { BaseCommand } from '../../lib/cli/base-command.ts';
import { tableFlags } from '../../lib/cli/flags.ts';
import type { KeyQuarantineResult } from '../../lib/key/reencrypt/results.ts';

export default class KeyQuarantine extends BaseCommand<typeof KeyQuarantine> {
  static override summary = 'list the values that could not be encrypted again';
  static override description =
    'Each stays as it is, under its old key, which is not drained before it is gone. Repair or remove the row, then apply the plan again, or make a new one: either tries each value once more. No value is shown, only the key of its row and the reason.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --limit 5000 --output csv',
  ];
  static override flags = {
    ...tableFlags,
    limit: Flags.integer({ summary: 'show at most so many, the oldest first', min: 1, default: 100 }),
  };
  static override exitCodes = [ExitCode.done, ExitCode.failure, ExitCode.usage, ExitCode.findings];
  static override result = async () =>
    (await import('../../lib/key/reencrypt/results.ts')).keyQuarantineResult;

  async run(): Promise<KeyQuarantineResult> {
    const { checkedState } = await import('../../lib/cli/checked-state.ts');
    const { listQuarantine } = await import('../../lib/key/reencrypt/index.ts');
    const context = await this.context();
    const result = await listQuarantine(await checkedState(context), context.profile, this.flags.limit);
    await this.printTable(
      result.values,
      [
        { header: 'column', value: ({ table, column }) => `${table}.${column}` },
        { header: 'row', value: ({ key }) => key.join(', ') },
        { header: 'reason', value: ({ reason }) => reason },
        { header: 'since', value: ({ since }) => since },
        { header: 'plan', value: ({ planId }) => planId.slice(0, 12) },
      ],
      'nothing is in quarantine',
    );
    const more = result.total - result.values.length;
    if (more > 0) this.say(`and ${more.toLocaleString('en')} more`);
    this.endWith(result.total === 0 ? ExitCode.done : ExitCode.findings);
    return result;
  }
}
