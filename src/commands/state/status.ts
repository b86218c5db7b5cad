import { ExitCode } from '../../lib/base/exit-code.ts';
import { BaseCommand } from '../../lib/cli/base-command.ts';
import { tableFlags } from '../../lib/cli/flags.ts';
import type { StatusOutput } from '../../lib/state/result.ts';

export default class StateStatus extends BaseCommand<typeof StateStatus> {
  static override summary = 'show which migrations the state database has';
  static override description = 'Changes nothing. Ends with 3 where `state migrate` has something to do.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --json',
  ];
  static override flags = { ...tableFlags };
  static override exitCodes = [
    ExitCode.done,
    ExitCode.failure,
    ExitCode.usage,
    ExitCode.findings,
    ExitCode.integrity,
    ExitCode.refused,
  ];
  static override result = async () => (await import('../../lib/state/result.ts')).statusResult;

  async run(): Promise<StatusOutput> {
    const { stateStatus } = await import('../../lib/state/status.ts');
    const status = await stateStatus(await (await this.context()).state());
    const rows = [
      ...status.applied,
      ...status.pending.map((migration) => ({ ...migration, appliedAt: 'pending', appliedBy: undefined })),
    ];
    await this.printTable(
      rows,
      [
        { header: 'version', value: ({ version }) => version, align: 'right' },
        { header: 'title', value: ({ title }) => title },
        { header: 'applied', value: ({ appliedAt }) => appliedAt },
        { header: 'by', value: ({ appliedBy }) => appliedBy },
      ],
      'no migrations',
    );
    this.say(`the state database is ${status.state}`);
    this.endWith(status.state === 'current' ? ExitCode.done : ExitCode.findings);
    return { ...status, applied: [...status.applied], pending: [...status.pending] };
  }
}
