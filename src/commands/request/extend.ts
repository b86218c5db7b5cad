import { Args, Flags } from '@oclif/core';
import { ExitCode } from '../../lib/base/exit-code.ts';
import { BaseCommand } from '../../lib/cli/base-command.ts';
import type { SubjectRequest } from '../../lib/subject/request/results.ts';

export default class RequestExtend extends BaseCommand<typeof RequestExtend> {
  static override summary = 'give a request two further months';
  static override description =
    'Once, and within its first month, in which the person has to be told of it and of the reason (GDPR, Article 12(3)).';
  static override examples = [
    '<%= config.bin %> <%= command.id %> 17 --reason "archives of three tenants, told on 2026-12-01"',
  ];
  static override args = {
    number: Args.integer({ description: 'as `request list` has it', required: true, ignoreStdin: true }),
  };
  static override flags = {
    reason: Flags.string({
      summary: 'why, and when the person was told; name no person',
      helpValue: 'TEXT',
      required: true,
    }),
  };
  static override exitCodes = [ExitCode.done, ExitCode.failure, ExitCode.usage, ExitCode.refused];
  static override result = async () => (await import('../../lib/subject/request/results.ts')).subjectRequest;

  async run(): Promise<SubjectRequest> {
    const { requestContext } = await import('../../lib/cli/request.ts');
    const { extendRequest } = await import('../../lib/subject/request/index.ts');
    const { requireText } = await import('../../lib/cli/require-text.ts');
    const context = await requestContext(await this.context());
    const request = await extendRequest(context, this.args.number, requireText('reason', this.flags.reason));
    this.print(`request ${request.number}: due on ${request.dueAt.slice(0, 10)}`);
    return request;
  }
}
