import { Args, Flags } from '@oclif/core';
import { ExitCode } from '../../lib/base/exit-code.ts';
import { BaseCommand } from '../../lib/cli/base-command.ts';
import { onePersonFlag, sharedFlag } from '../../lib/cli/flags.ts';
import type { SubjectObjectResult } from '../../lib/subject/objection/results.ts';

export default class SubjectObject extends BaseCommand<typeof SubjectObject> {
  static override summary = 'record that a person objected to a use, and tell senders';
  static override description =
    'Puts every name of the person, as hashes under the first of subjects.hmac_keys, on the list of a channel (GDPR, Article 21). --export writes the list for senders, --check tells which lines of a file name somebody who is on it, by the numbers of the lines; it ends with 3 where one does. --rehash puts names that come line by line, and are on the list under an older key, under the current one.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> ann@example.org --reason T-2041',
    '<%= config.bin %> <%= command.id %> ann@example.org --channel analytics --withdraw',
    '<%= config.bin %> <%= command.id %> --export /srv/sender/suppressed.txt',
    '<%= config.bin %> <%= command.id %> --check - < recipients.txt',
  ];
  static override args = {
    person: Args.string({
      description: 'an address, or subject.identity=value; - reads one a line, all of one person',
      ignoreStdin: true,
    }),
  };
  static override flags = {
    channel: Flags.string({
      summary: 'which use; marketing unless told, and all of them for --export',
      helpValue: 'NAME',
    }),
    reason: Flags.string({
      summary: 'such as the reference of the request; name no person',
      helpValue: 'TEXT',
    }),
    ...onePersonFlag,
    ...sharedFlag,
    withdraw: Flags.boolean({
      summary: 'the person no longer objects',
      exclusive: ['export', 'check', 'rehash'],
    }),
    export: Flags.string({ summary: 'write the list; - for standard output', helpValue: 'FILE' }),
    check: Flags.string({ summary: 'look names up, one a line; - for standard input', helpValue: 'FILE' }),
    rehash: Flags.string({
      summary: 'put names under the current key, one a line; - for standard input',
      helpValue: 'FILE',
      exclusive: ['channel'],
    }),
  };
  static override exitCodes = [
    ExitCode.done,
    ExitCode.failure,
    ExitCode.usage,
    ExitCode.findings,
    ExitCode.incomplete,
    ExitCode.refused,
    ExitCode.interrupted,
  ];
  static override result = async () =>
    (await import('../../lib/subject/objection/results.ts')).subjectObjectResult;

  async run(): Promise<SubjectObjectResult> {
    const lib = await import('../../lib/cli/subject-object.ts');
    if (this.jsonEnabled() && this.flags.export === '-') lib.refuseListAndJson();
    const result = await lib.subjectObject(await this.context(), this.args.person, this.flags, (text) =>
      this.print(text),
    );
    for (const line of lib.objectedLines(result)) this.print(line);
    for (const line of lib.objectedNotes(result)) this.say(line);
    for (const line of lib.objectedWarnings(result)) this.addWarning(line);
    this.endWith(lib.objectedExit(result));
    return result;
  }
}
