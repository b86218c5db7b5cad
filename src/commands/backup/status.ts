import { Flags } from '@oclif/core';
import type { BackupStatusResult, DestinationStatus } from '../../lib/backup/status/results.ts';
import { ExitCode } from '../../lib/base/exit-code.ts';
import { BaseCommand } from '../../lib/cli/base-command.ts';
import { tableFlags } from '../../lib/cli/flags.ts';
import type { Column } from '../../lib/cli/table.ts';
import { watchFlags } from '../../lib/cli/watch/watch-flags.ts';

const limit = (summary: string) => Flags.string({ summary, helpGroup: 'LIMIT', helpValue: 'DURATION' });

const columns: readonly Column<DestinationStatus>[] = [
  { header: 'destination', value: ({ name }) => name },
  { header: 'verdict', value: ({ verdict }) => verdict },
  { header: 'last set', value: ({ lastSet }) => lastSet?.setId },
  { header: 'age s', value: ({ lastSet }) => lastSet?.ageSeconds },
  { header: 'verify age s', value: ({ verified }) => verified?.ageSeconds },
  { header: 'drill age s', value: ({ drilled }) => drilled?.ageSeconds },
  { header: 'rto s', value: ({ drilled }) => drilled?.rtoSeconds },
  { header: 'sets', value: ({ sets }) => sets ?? undefined },
  { header: 'bytes', value: ({ bytes }) => bytes ?? undefined },
];

export default class BackupStatus extends BaseCommand<typeof BackupStatus> {
  static override summary = 'say whether every destination has a set that is young enough';
  static override description =
    'The last good set, verification and drill of each destination, growth, forecast and cost. Exit 3 where a required destination exceeds a limit, or has lost its newest set or the keyring of that; exit 4 where the state database or a store cannot be asked, or what is limited has never been done. A set counts when its manifest is in the store and no verification has found it damaged.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --max-age 8d --max-verify-age 35d --max-drill-age 100d --json',
    '<%= config.bin %> <%= command.id %> --prometheus /var/lib/prometheus/node-exporter/postern.prom',
  ];
  static override flags = {
    ...tableFlags,
    ...watchFlags,
    'max-age': Flags.string({
      summary: 'the age of the newest good set',
      helpGroup: 'LIMIT',
      helpValue: 'DURATION',
      default: '8d',
    }),
    'max-verify-age': limit(
      'the age of the last verification of the newest verified set, whole or by sample',
    ),
    'max-drill-age': limit('the age of the last drill'),
    'ask-stores': Flags.boolean({
      summary: "ask each store for the newest set's manifest",
      allowNo: true,
      default: true,
    }),
  };
  static override exitCodes = [0, 1, 2, 3, 4, 5, 6, 130] as const;
  static override result = async () =>
    (await import('../../lib/backup/status/results.ts')).backupStatusResult;

  async run(): Promise<BackupStatusResult> {
    const { statusLimits, watchContext } = await import('../../lib/cli/backup-status.ts');
    const { backupStatus } = await import('../../lib/backup/status/status.ts');
    const { statusGauges } = await import('../../lib/backup/status/gauges.ts');
    const result = await backupStatus(await watchContext(await this.context()), {
      limits: statusLimits(this.flags),
      stores: this.flags['ask-stores'] ? 'ask' : 'do not ask',
    });
    for (const gauge of statusGauges(result)) this.gauge(gauge);
    if (this.flags.output !== 'table') await this.printTable(result.destinations, columns, '');
    else if (!this.jsonEnabled()) {
      const { statusText } = await import('../../lib/cli/backup-status-text.ts');
      this.print(statusText(result));
    }
    if (result.verdict === 'stale') this.endWith(ExitCode.findings);
    if (result.verdict === 'unknown') this.endWith(ExitCode.incomplete);
    return result;
  }
}
