import { Args, Flags } from '@oclif/core';
import { ExitCode } from '../../lib/base/exit-code.ts';
import { BaseCommand } from '../../lib/cli/base-command.ts';
import { sharedFlag, tableFlags } from '../../lib/cli/flags.ts';
import type { SubjectFindResult } from '../../lib/subject/find/results.ts';

export default class SubjectFind extends BaseCommand<typeof SubjectFind> {
  static override summary = 'count what the platform holds of a person';
  static override description =
    'Goes from an address to every further name of the person that the data map leads to: aliases, normalised copies, account ids. Then counts, table by table and tenant by tenant, the rows that are theirs alone, shared with others, or of others and name them, with the objects that they refer to, and the lines of the configured log files that name the person. Reads only, and prints counts and keys, never a name. Where the names lead to several persons it says so and ends with 6; where a table could not be looked at, with 4.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> ann@example.org',
    '<%= config.bin %> <%= command.id %> account.id=4711 --tenant 12',
    'printf %s "$ADDRESS" | <%= config.bin %> <%= command.id %> - --json',
  ];
  static override args = {
    person: Args.string({
      description: 'an address, or subject.identity=value; - reads one a line, all of one person',
      required: true,
      ignoreStdin: true,
    }),
  };
  static override flags = {
    ...tableFlags,
    tenant: Flags.string({ summary: 'only rows of this tenant', helpValue: 'ID' }),
    ...sharedFlag,
    'no-logs': Flags.boolean({ summary: 'leave log files out' }),
  };
  static override exitCodes = [
    ExitCode.done,
    ExitCode.failure,
    ExitCode.usage,
    ExitCode.incomplete,
    ExitCode.refused,
    ExitCode.interrupted,
  ];
  static override result = async () => (await import('../../lib/subject/find/results.ts')).subjectFindResult;

  async run(): Promise<SubjectFindResult> {
    const lib = await import('../../lib/cli/subject-find.ts');
    const context = await this.context();
    const who = await lib.whoIsMeant(this.args.person);
    const result = await lib.findEverywhere(context, who, this.flags);
    for (const line of lib.foundLines(result)) this.say(line);
    await this.printTable(result.rows, lib.foundColumns, 'no row is theirs or names them');
    for (const { source, reason } of result.unasked) this.addWarning(`${source} cannot be read: ${reason}`);
    if (result.verdict === 'ambiguous') this.endWith(ExitCode.refused);
    else this.endWith(result.unasked.length === 0 ? ExitCode.done : ExitCode.incomplete);
    return result;
  }
}
