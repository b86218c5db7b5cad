import { Args } from '@oclif/core';
import { ExitCode } from '../../lib/base/exit-code.ts';
import { BaseCommand } from '../../lib/cli/base-command.ts';
import type { SubjectRequest } from '../../lib/subject/request/results.ts';

export default class RequestShow extends BaseCommand<typeof RequestShow> {
  static override summary = 'show what is on record of a request';
  static override description =
    'When it came and by when it is due, how it was made sure who asks, whether it was extended, and what became of it.';
  static override examples = ['<%= config.bin %> <%= command.id %> 17'];
  static override args = {
    number: Args.integer({ description: 'as `request list` has it', required: true, ignoreStdin: true }),
  };
  static override exitCodes = [ExitCode.done, ExitCode.failure, ExitCode.usage];
  static override result = async () => (await import('../../lib/subject/request/results.ts')).subjectRequest;

  async run(): Promise<SubjectRequest> {
    const { checkedState } = await import('../../lib/cli/checked-state.ts');
    const { requestLines } = await import('../../lib/cli/request.ts');
    const { showRequest } = await import('../../lib/subject/request/index.ts');
    const context = await this.context();
    const state = await checkedState(context);
    const request = await showRequest(state, context.profile, this.args.number, context.clock.now());
    for (const line of requestLines(request)) this.print(line);
    return request;
  }
}
