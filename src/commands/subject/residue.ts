import { Args, Flags } from '@oclif/core';
import { ExitCode } from '../../lib/base/exit-code.ts';
import { BaseCommand } from '../../lib/cli/base-command.ts';
import { tableFlags } from '../../lib/cli/flags.ts';
import type { SubjectResidueResult } from '../../lib/subject/residue/results.ts';

export default class SubjectResidue extends BaseCommand<typeof SubjectResidue> {
  static override summary = 'look through database, object store and logs for what is left of a person';
  static override description =
    'Reads every table and materialised view, whether the data map knows it or not, the large objects, and the samples of values that ANALYZE keeps in pg_stats, and looks for each name: as it is written, URL-encoded, quoted-printable, as an HTML entity, in UTF-16, hexadecimal, base64 at every alignment, and hashed without salt. bytea is looked into as bytes. Then every version of every object of the configured buckets, with its key and metadata, and the configured log files; what gzip or zstd compressed is opened. One pass, however many names. Reads only, and prints places and counts, never a value. Ends with 3 where something was found, with 4 where nothing was and a place could not be read.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> ann@example.org',
    '<%= config.bin %> <%= command.id %> ann@example.org --also "Ann Example"',
    '<%= config.bin %> <%= command.id %> - --json < addresses.txt',
    '<%= config.bin %> <%= command.id %> ann@example.org --no-objects',
  ];
  static override args = {
    name: Args.string({
      description: 'an address, or how a person is called; - reads one a line from standard input',
      required: true,
      ignoreStdin: true,
    }),
  };
  static override flags = {
    ...tableFlags,
    also: Flags.string({
      summary: 'a further name; may be given several times',
      helpValue: 'NAME',
      multiple: true,
      multipleNonGreedy: true,
    }),
    'no-objects': Flags.boolean({ summary: 'leave the object store out' }),
    'no-logs': Flags.boolean({ summary: 'leave log files out' }),
  };
  static override exitCodes = [
    ExitCode.done,
    ExitCode.failure,
    ExitCode.usage,
    ExitCode.findings,
    ExitCode.incomplete,
    ExitCode.interrupted,
  ];
  static override result = async () =>
    (await import('../../lib/subject/residue/results.ts')).subjectResidueResult;

  async run(): Promise<SubjectResidueResult> {
    const lib = await import('../../lib/cli/subject-residue.ts');
    const context = await this.context();
    const names = await lib.namesToFind(this.args.name, this.flags.also ?? []);
    const { 'no-objects': objects, 'no-logs': logs } = this.flags;
    const result = await lib.lookForNames(context, names, { objects, logs });
    await this.printTable(result.found, lib.residueColumns, 'nothing was found');
    for (const line of lib.lookedLines(result)) this.say(line);
    for (const { source, reason } of result.unasked) this.addWarning(`${source} cannot be read: ${reason}`);
    if (result.verdict === 'residue') this.endWith(ExitCode.findings);
    if (result.verdict === 'unknown') this.endWith(ExitCode.incomplete);
    return result;
  }
}
