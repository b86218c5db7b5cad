import { Args, Flags } from '@oclif/core';
import { ExitCode } from '../../lib/base/exit-code.ts';
import { BaseCommand } from '../../lib/cli/base-command.ts';
import type { SubjectRequest } from '../../lib/subject/request/results.ts';

export default class RequestVerify extends BaseCommand<typeof RequestVerify> {
  static override summary = 'record how it was made sure who asks';
  static override description =
    'Without it, a request for access, a copy, a correction or an erasure cannot be closed as fulfilled, unless a controller instructed it: an answer to somebody else is a breach of its own.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> 17 --how "answered from the address of the account"',
  ];
  static override args = {
    number: Args.integer({ description: 'as `request list` has it', required: true, ignoreStdin: true }),
  };
  static override flags = {
    how: Flags.string({ summary: 'how; name no person', helpValue: 'TEXT', required: true }),
  };
  static override exitCodes = [ExitCode.done, ExitCode.failure, ExitCode.usage, ExitCode.refused];
  static override result = async () => (await import('../../lib/subject/request/results.ts')).subjectRequest;

  async run(): Promise<SubjectRequest> {
    const { requestContext } = await import('../../lib/cli/request.ts');
    const { verifyRequester } = await import('../../lib/subject/request/index.ts');
    const { requireText } = await import('../../lib/cli/require-text.ts');
    const context = await requestContext(await this.context());
    const request = await verifyRequester(context, this.args.number, requireText('how', this.flags.how));
    this.print(`request ${request.number}: on record`);
    return request;
  }
}
