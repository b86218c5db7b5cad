import { Flags } from '@oclif/core';
import { ExitCode } from '../lib/base/exit-code.ts';
import { BaseCommand } from '../lib/cli/base-command.ts';
import type { DoctorResult } from '../lib/cli/doctor/check.ts';
import { tableFlags } from '../lib/cli/flags.ts';
import { watchFlags } from '../lib/cli/watch/watch-flags.ts';

export default class Doctor extends BaseCommand<typeof Doctor> {
  static override summary = 'ask every component whether it works';
  static override description =
    'Node, configuration, databases and their privileges, KMS, object stores, keys, pg_dump: one line each. On every destination of backups it tries what the store ought to refuse: deletes, overwrites, shorter locks. For that it writes one small object a day there; with --no-probe it changes nothing at all.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --profile production --json',
    '<%= config.bin %> <%= command.id %> --no-probe',
  ];
  static override flags = {
    ...tableFlags,
    ...watchFlags,
    'no-probe': Flags.boolean({
      summary: 'write nothing: do not try what the stores of backups ought to refuse',
    }),
  };
  static override exitCodes = [0, 1, 2, 3, 4, 130] as const;
  static override result = async () => (await import('../lib/cli/doctor/check.ts')).doctorResult;

  async run(): Promise<DoctorResult> {
    const { runChecks } = await import('../lib/cli/doctor/run-checks.ts');
    const context = await this.context();
    const lines = await runChecks(context, this.flags['no-probe'] ? 'no probe' : 'probe');
    await this.printTable(
      lines,
      [
        { header: 'component', value: ({ component }) => component },
        { header: 'state', value: ({ state }) => state },
        { header: 'what it says', value: ({ message }) => message },
      ],
      '',
    );
    for (const { component, hint } of lines) if (hint !== null) this.say(`hint: ${component}: ${hint}`);
    if (lines.some(({ state }) => state === 'unknown')) this.endWith(ExitCode.incomplete);
    else if (lines.some(({ state }) => state === 'finding')) this.endWith(ExitCode.findings);
    return { profile: context.profile, lines: [...lines] };
  }
}
