import { Args, Flags } from '@oclif/core';
import { ExitCode } from '../../lib/base/exit-code.ts';
import { BaseCommand } from '../../lib/cli/base-command.ts';
import { requestOutcomes, type SubjectRequest } from '../../lib/subject/request/results.ts';

export default class RequestClose extends BaseCommand<typeof RequestClose> {
  static override summary = 'record what became of a request';
  static override description =
    'A refusal needs a note: the person has a right to know why (GDPR, Article 12(4)). What was fulfilled can name the certificate that proves it.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> 17 --outcome fulfilled --certificate 3f9a12bc77de',
    '<%= config.bin %> <%= command.id %> 18 --outcome refused --note "manifestly unfounded: the third this month"',
  ];
  static override args = {
    number: Args.integer({ description: 'as `request list` has it', required: true, ignoreStdin: true }),
  };
  static override flags = {
    outcome: Flags.option({ options: requestOutcomes, required: true })({ summary: 'what became of it' }),
    note: Flags.string({ summary: 'why; name no person', helpValue: 'TEXT' }),
    certificate: Flags.string({ summary: 'the id of the certificate, or its first digits', helpValue: 'ID' }),
  };
  static override exitCodes = [ExitCode.done, ExitCode.failure, ExitCode.usage, ExitCode.refused];
  static override result = async () => (await import('../../lib/subject/request/results.ts')).subjectRequest;

  async run(): Promise<SubjectRequest> {
    const { requestContext } = await import('../../lib/cli/request.ts');
    const { closeRequest } = await import('../../lib/subject/request/index.ts');
    const { requireText } = await import('../../lib/cli/require-text.ts');
    const { outcome, note, certificate } = this.flags;
    const context = await requestContext(await this.context());
    const request = await closeRequest(context, this.args.number, {
      outcome,
      note: note === undefined ? undefined : requireText('note', note),
      certificateId: certificate,
    });
    this.print(`request ${request.number}: ${outcome}${request.verdict === 'late' ? ', after its day' : ''}`);
    return request;
  }
}
