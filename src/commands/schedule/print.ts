import { resolve } from 'node:path';
import { Flags } from '@oclif/core';
import { BaseCommand } from '../../lib/cli/base-command.ts';
import { jobNames } from '../../lib/config/schedule-settings.ts';
import type { SchedulePrintResult } from '../../lib/schedule/result.ts';

export default class SchedulePrint extends BaseCommand<typeof SchedulePrint> {
  static override summary = 'print systemd timers or a crontab for what should run regularly';
  static override description =
    "Each job of this postern that the profile has everything for, with jitter and locks. The times are those of the configuration, under `schedule`, or postern's own. Changes nothing.";
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --prometheus-dir /var/lib/prometheus/node-exporter',
    '<%= config.bin %> <%= command.id %> --format cron --user postern > /etc/cron.d/postern',
    '<%= config.bin %> <%= command.id %> --job backup-run --job backup-status --json',
  ];
  static override flags = {
    format: Flags.option({ options: ['systemd', 'cron'] as const, default: 'systemd' as const })({
      summary: 'what to print',
    }),
    job: Flags.option({ options: jobNames, multiple: true, multipleNonGreedy: true })({
      summary: 'only this job; may be given several times',
    }),
    user: Flags.string({
      summary: "who the jobs run as; systemd: postern unless told, cron: none in one's own crontab",
      helpValue: 'NAME',
    }),
    program: Flags.string({
      summary: 'how postern is started there; as it was started here unless told',
      helpValue: 'PATH',
    }),
    'prometheus-dir': Flags.string({
      summary: "node_exporter's textfile folder, for a file of metrics for each job",
      helpValue: 'DIR',
    }),
    'environment-file': Flags.string({
      summary: 'environment variables of the jobs as KEY=value lines',
      helpValue: 'FILE',
    }),
    'lock-dir': Flags.string({
      summary: "cron: where the locks are; the user's own folder",
      helpValue: 'DIR',
      default: '/var/lib/postern',
    }),
  };
  static override exitCodes = [0, 1, 2] as const;
  static override result = async () => (await import('../../lib/schedule/result.ts')).schedulePrintResult;

  async run(): Promise<SchedulePrintResult> {
    const { partsElsewhere, printedSchedule } = await import('../../lib/cli/schedule-options.ts');
    const context = await this.context();
    for (const part of partsElsewhere(context.config))
      this.addWarning(`${part} does not come from ${context.config.file}, and the jobs read no other file`);
    const result = printedSchedule(context, this.flags, {
      commands: this.config.commands,
      started: [process.execPath, resolve(process.argv[1] ?? this.config.bin)],
    });
    for (const { path, text } of result.files)
      this.print(result.format === 'systemd' ? `# ${path}\n${text}` : text.trimEnd());
    for (const { job, why } of result.leftOut) this.say(`left out: ${job}: ${why}`);
    return result;
  }
}
