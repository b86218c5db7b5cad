import { Args, Flags } from '@oclif/core';
import { ExitCode } from '../../lib/base/exit-code.ts';
import { BaseCommand } from '../../lib/cli/base-command.ts';
import { onePersonFlag, sharedFlag } from '../../lib/cli/flags.ts';
import type { HoldAddResult } from '../../lib/subject/hold/results.ts';

export default class HoldAdd extends BaseCommand<typeof HoldAdd> {
  static override summary = 'keep what is a person’s, or single rows, from being erased';
  static override description =
    'A hold on a person is on every name that the data map leads to, and is limited to tables or a tenant where you say so; a hold on rows is on these alone. An erasure leaves what is held, erases the rest, and says so; `hold release` ends it. Names and keys are kept as hashes under the first of subjects.hmac_keys. The case and the reason should name nobody: they are kept for ever.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> ann@example.org --case "12 O 345/26" --reason "evidence" --review-by 2027-06-30',
    '<%= config.bin %> <%= command.id %> account.id=4711 --case M-17 --reason "audit of invoices" --table mail.invoices --tenant 12',
    '<%= config.bin %> <%= command.id %> --row mail.messages=90417 --case M-18 --reason "preservation order"',
  ];
  static override args = {
    person: Args.string({
      description: 'an address, or subject.identity=value; - reads one a line, all of one person',
      ignoreStdin: true,
    }),
  };
  static override flags = {
    row: Flags.string({
      summary: 'a row by its primary key; a JSON array where that has several columns',
      helpValue: 'TABLE=KEY',
      multiple: true,
      multipleNonGreedy: true,
    }),
    case: Flags.string({ summary: 'the reference of the case', helpValue: 'REF', required: true }),
    reason: Flags.string({ summary: 'why; name no person', helpValue: 'TEXT', required: true }),
    table: Flags.string({
      summary: 'only rows of this table; may be given several times',
      helpValue: 'TABLE',
      multiple: true,
      multipleNonGreedy: true,
    }),
    tenant: Flags.string({ summary: 'only rows of this tenant', helpValue: 'ID' }),
    ...onePersonFlag,
    ...sharedFlag,
    'review-by': Flags.string({ summary: 'when somebody has to look at it again', helpValue: 'DATE' }),
  };
  static override exitCodes = [ExitCode.done, ExitCode.failure, ExitCode.usage, ExitCode.refused];
  static override result = async () => (await import('../../lib/subject/hold/results.ts')).holdAddResult;

  async run(): Promise<HoldAddResult> {
    const { addHold } = await import('../../lib/cli/hold.ts');
    const { counted } = await import('../../lib/base/counted.ts');
    const result = await addHold(await this.context(), this.args.person, this.flags);
    const { number, names, rows } = result.hold;
    this.print(`hold ${number}, on ${rows > 0 ? counted(rows, 'row') : counted(names, 'name')}`);
    if (!result.found) this.addWarning('the platform has no such person: the hold is on the names alone');
    for (const id of result.erasuresUnderWay)
      this.addWarning(`erasure ${id.slice(0, 12)} is being applied: it may have taken rows before the hold`);
    return result;
  }
}
