import { Flags } from '@oclif/core';
import { ExitCode } from '../../lib/base/exit-code.ts';
import { BaseCommand } from '../../lib/cli/base-command.ts';
import { tableFlags } from '../../lib/cli/flags.ts';
import { watchFlags } from '../../lib/cli/watch/watch-flags.ts';
import type { TenantListResult } from '../../lib/subject/offboard/results.ts';

export default class TenantList extends BaseCommand<typeof TenantList> {
  static override summary = 'list the tenants that left, what is due first on top';
  static override description =
    'Those whose data is not deleted yet, and with --all the others too. Thirty days after the end of a contract all of it has to be deleted, but for what a law keeps. Ends with 3 where one is overdue, so that cron or a timer tells somebody in time.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --within 14d --prometheus /var/lib/prometheus/node-exporter/tenants.prom',
    '<%= config.bin %> <%= command.id %> --all --output csv',
  ];
  static override flags = {
    ...tableFlags,
    ...watchFlags,
    all: Flags.boolean({ summary: 'also those that are deleted, and earlier entries' }),
    within: Flags.string({ summary: 'what ends sooner is due', helpValue: 'DURATION', default: '7d' }),
  };
  static override exitCodes = [ExitCode.done, ExitCode.failure, ExitCode.usage, ExitCode.findings];
  static override result = async () =>
    (await import('../../lib/subject/offboard/results.ts')).tenantListResult;

  async run(): Promise<TenantListResult> {
    const { checkedState } = await import('../../lib/cli/checked-state.ts');
    const { durationFlag } = await import('../../lib/cli/duration-flag.ts');
    const { tenantColumns } = await import('../../lib/cli/tenant-offboard.ts');
    const { listOffboardings } = await import('../../lib/subject/offboard/index.ts');
    const context = await this.context();
    const result = await listOffboardings(await checkedState(context), context.profile, {
      now: context.clock.now(),
      within: durationFlag('within', this.flags.within) ?? 0,
      all: this.flags.all,
    });
    await this.printTable(result.tenants, tenantColumns, 'no tenant that left has data here');
    for (const name of ['open', 'due', 'overdue'] as const) {
      this.gauge({
        name: `postern_tenants_${name}`,
        help: `Tenants that left and whose data is not deleted: ${name}.`,
        value: result[name],
      });
    }
    this.endWith(result.overdue === 0 ? ExitCode.done : ExitCode.findings);
    return result;
  }
}
