import { Args } from '@oclif/core';
import { ExitCode } from '../../lib/base/exit-code.ts';
import { BaseCommand } from '../../lib/cli/base-command.ts';
import { exportFlags } from '../../lib/cli/export-flags.ts';
import type { SubjectExportResult } from '../../lib/subject/export/results.ts';

export default class SubjectExport extends BaseCommand<typeof SubjectExport> {
  static override summary = "hand a person's data out, in an archive";
  static override description =
    "Writes the rows that are the person's, alone or with others, with their messages and objects, into a zip that is encrypted for its recipient: messages as EML and mbox, contacts as vCard, calendars as iCalendar, tables as JSON and CSV, a page to read, and a signed manifest. --access gives a copy under Article 15 GDPR, with what the law wants told beside it; --portability what the person provided, Article 20. Blind copies to others are masked, and so is what a person has to decide on: it waits in a review file. The archive is read back and compared before it gets its name; nothing is overwritten. Ends with 3 where items wait for a decision, with 4 where something could not be exported.";
  static override examples = [
    '<%= config.bin %> <%= command.id %> ann@example.org --access --out ann.zip --recipient ann.asc',
    '<%= config.bin %> <%= command.id %> account.id=4711 --portability --out ann.zip --passphrase-file secret',
    '<%= config.bin %> <%= command.id %> ann@example.org --access --out final.zip --review ann.review.json --request 17',
  ];
  static override args = {
    person: Args.string({
      description: 'an address, or subject.identity=value; - reads one a line, all of one person',
      required: true,
      ignoreStdin: true,
    }),
  };
  static override flags = exportFlags;
  static override exitCodes = [
    ExitCode.done,
    ExitCode.failure,
    ExitCode.usage,
    ExitCode.findings,
    ExitCode.incomplete,
    ExitCode.integrity,
    ExitCode.refused,
    ExitCode.interrupted,
  ];
  static override result = async () =>
    (await import('../../lib/subject/export/results.ts')).subjectExportResult;

  async run(): Promise<SubjectExportResult> {
    const lib = await import('../../lib/cli/subject-export.ts');
    const { exportOptions } = await import('../../lib/cli/subject-export-flags.ts');
    const text = await import('../../lib/cli/subject-export-text.ts');
    const { whoIsMeant } = await import('../../lib/cli/subject-find.ts');
    const options = await exportOptions(await this.context(), {
      ...this.flags,
      who: () => whoIsMeant(this.args.person),
      asking: this.asking(),
    });
    const result = await lib.runExport(await this.context(), {
      ...options,
      tool: `postern ${this.config.version}`,
    });
    for (const line of text.exportLines(result)) this.say(line);
    await this.printTable(result.tables, text.exportColumns, 'no row is theirs');
    for (const line of text.exportWarnings(result, options.options)) this.addWarning(line);
    if (result.verdict === 'incomplete') this.endWith(ExitCode.incomplete);
    if (result.verdict === 'review') this.endWith(ExitCode.findings);
    return result;
  }
}
