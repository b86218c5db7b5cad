import { Flags } from '@oclif/core';
import { ExitCode } from '../../lib/base/exit-code.ts';
import { BaseCommand } from '../../lib/cli/base-command.ts';
import { tableFlags } from '../../lib/cli/flags.ts';
import { registerFlags } from '../../lib/cli/register-flags.ts';
import { watchFlags } from '../../lib/cli/watch/watch-flags.ts';
import type { KeyStatusResult } from '../../lib/key/register/results.ts';

export default class KeyStatus extends BaseCommand<typeof KeyStatus> {
  static override summary = 'say whether any key is past its cryptoperiod, or soon will be';
  static override description =
    'The verdict over all keys of the profile: fine, due, overdue or unknown, and the keys that are not fine. Exit 4 where a source cannot be asked or a key cannot be judged; with --fail-overdue, exit 3 where a key is overdue, whatever else is unknown.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> --fail-overdue',
    '<%= config.bin %> <%= command.id %> --within 60d --report keys.html',
    '<%= config.bin %> <%= command.id %> --fail-overdue --prometheus /var/lib/prometheus/node-exporter/keys.prom',
  ];
  static override flags = {
    ...tableFlags,
    ...registerFlags,
    ...watchFlags,
    report: Flags.string({
      summary: 'write a calendar of all keys, as an HTML page that stands for itself',
      helpValue: 'FILE',
    }),
    'fail-overdue': Flags.boolean({ summary: 'end with 3 where a key is overdue' }),
  };
  static override exitCodes = [0, 1, 2, 3, 4, 130] as const;
  static override result = async () => (await import('../../lib/key/register/results.ts')).keyStatusResult;

  async run(): Promise<KeyStatusResult> {
    const { registerContext, registerOptions } = await import('../../lib/cli/key-register.ts');
    const { keyStatus, registerGauges } = await import('../../lib/key/register/index.ts');
    const context = await this.context();
    const sources = registerContext(context, this.flags);
    const status = await keyStatus(sources, registerOptions(this.flags));
    const { report } = this.flags;
    if (report !== undefined) {
      const { writeKeyReport } = await import('../../lib/cli/key-report.ts');
      await writeKeyReport(report, status, `postern ${this.config.version}`);
      this.say(`the calendar is in ${report}`);
    }
    const result = { ...status, report: report ?? null };
    for (const gauge of registerGauges(result)) this.gauge(gauge);
    await this.tell(result);
    if (this.flags['fail-overdue'] && result.verdict === 'overdue') this.endWith(ExitCode.findings);
    else if (result.unasked.length > 0 || result.keys.some(({ verdict }) => verdict === 'unknown'))
      this.endWith(ExitCode.incomplete);
    return result;
  }

  private async tell(result: KeyStatusResult): Promise<void> {
    const { registerColumns, registerNotes, statusLine } = await import('../../lib/cli/key-register-text.ts');
    const { keys, unasked } = result;
    if (this.flags.output === 'table') this.print(statusLine(result));
    const notable = this.flags.output === 'table' ? keys.filter(({ verdict }) => verdict !== 'fine') : keys;
    await this.printTable(notable, registerColumns(this.flags.output), 'no key is due');
    for (const line of registerNotes(result)) this.say(line);
    for (const { source, reason } of unasked) this.addWarning(`${source} cannot be asked: ${reason}`);
  }
}
