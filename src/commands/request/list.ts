import { Flags } from '@oclif/core';
import { ExitCode } from '../../lib/base/exit-code.ts';
import { BaseCommand } from '../../lib/cli/base-command.ts';
import { tableFlags } from '../../lib/cli/flags.ts';
import { watchFlags } from '../../lib/cli/watch/watch-flags.ts';
import type { RequestListResult } from '../../lib/subject/request/results.ts';

export default class RequestList extends BaseCommand<typeof RequestList> {
  static override summary = 'list the requests of persons, what is due first on top';
  static override description =
    'Those that are open, and with --all those that were closed. Ends with 3 where one is overdue, so that cron or a timer tells somebody in time.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --within 14d --prometheus /var/lib/prometheus/node-exporter/requests.prom',
    '<%= config.bin %> <%= command.id %> --all --output csv',
  ];
  static override flags = {
    ...tableFlags,
    ...watchFlags,
    all: Flags.boolean({ summary: 'closed ones too' }),
    within: Flags.string({ summary: 'what ends sooner is due', helpValue: 'DURATION', default: '7d' }),
  };
  static override exitCodes = [ExitCode.done, ExitCode.failure, ExitCode.usage, ExitCode.findings];
  static override result = async () =>
    (await import('../../lib/subject/request/results.ts')).requestListResult;

  async run(): Promise<RequestListResult> {
    const { checkedState } = await import('../../lib/cli/checked-state.ts');
    const { durationFlag } = await import('../../lib/cli/duration-flag.ts');
    const { requestColumns } = await import('../../lib/cli/request.ts');
    const { listRequests } = await import('../../lib/subject/request/index.ts');
    const context = await this.context();
    const result = await listRequests(await checkedState(context), context.profile, {
      now: context.clock.now(),
      within: durationFlag('within', this.flags.within) ?? 0,
      all: this.flags.all,
    });
    await this.printTable(result.requests, requestColumns, 'no request is open');
    for (const name of ['open', 'due', 'overdue'] as const) {
      this.gauge({
        name: `postern_requests_${name}`,
        help: `Requests of persons that are ${name}.`,
        value: result[name],
      });
    }
    this.endWith(result.overdue === 0 ? ExitCode.done : ExitCode.findings);
    return result;
  }
}
