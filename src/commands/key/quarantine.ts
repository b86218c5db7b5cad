import { Flags } from '@oclif/core';
import { counted } from '../../lib/base/counted.ts';
import { ExitCode } from '../../lib/base/exit-code.ts';
import { BaseCommand } from '../../lib/cli/base-command.ts';
import type { PosternContext } from '../../lib/cli/context.ts';
import { tableFlags } from '../../lib/cli/flags.ts';
import type { KeyQuarantineResult, ResolvedValues } from '../../lib/key/reencrypt/results.ts';

export default class KeyQuarantine extends BaseCommand<typeof KeyQuarantine> {
  static override summary = 'list the values that could not be encrypted again';
  static override description =
    'Each stays as it is, under its old key, which is not drained before it is gone. Repair or remove the row, then apply the plan again, or make a new one: either tries each value once more. No value is shown, only the key of its row and the reason. --resolve takes those out of the list first that need nothing any more: the row or the column is gone, the data map calls the column neither encrypted nor hashed, or the value is under the active key of its subject or was shredded. It decrypts nothing and changes nothing of the platform.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --resolve',
    '<%= config.bin %> <%= command.id %> --limit 5000 --output csv',
  ];
  static override flags = {
    ...tableFlags,
    resolve: Flags.boolean({ summary: 'first take out what needs nothing any more' }),
    limit: Flags.integer({ summary: 'show at most so many, the oldest first', min: 1, default: 100 }),
  };
  static override exitCodes = [0, 1, 2, 3, 11, 130] as const;
  static override result = async () =>
    (await import('../../lib/key/reencrypt/results.ts')).keyQuarantineResult;

  async run(): Promise<KeyQuarantineResult> {
    const { checkedState } = await import('../../lib/cli/checked-state.ts');
    const { listQuarantine } = await import('../../lib/key/reencrypt/index.ts');
    const context = await this.context();
    const state = await checkedState(context);
    const resolved = this.flags.resolve ? [...(await this.resolve(context))] : [];
    const result = { ...(await listQuarantine(state, context.profile, this.flags.limit)), resolved };
    for (const { table, column, why, values } of resolved)
      this.say(`resolved: ${counted(values, 'value')} of ${table}.${column} (${why})`);
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

  private async resolve(context: PosternContext): Promise<readonly ResolvedValues[]> {
    const { keyContext } = await import('../../lib/cli/key-context.ts');
    const { resolveQuarantined } = await import('../../lib/key/reencrypt/index.ts');
    return resolveQuarantined(await keyContext(context));
  }
}
