import { Flags } from '@oclif/core';
import type { BackupRestoreResult } from '../../lib/backup/results.ts';
import { ExitCode } from '../../lib/base/exit-code.ts';
import { BaseCommand } from '../../lib/cli/base-command.ts';
import { dryRunFlag, yesFlag } from '../../lib/cli/flags.ts';
import { resolveSet, setArgument } from '../../lib/cli/set-argument.ts';

export default class BackupRestore extends BaseCommand<typeof BackupRestore> {
  static override summary = 'restore a backup set into a new database';
  static override description =
    'Builds a plan and, where the profile asks for no approval, applies it. The database has another name until everything was read back and compared with the manifest, so nobody works on half of it. Killed or interrupted, `plan apply ID` goes on where it stopped.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> --to mail_restored',
    '<%= config.bin %> <%= command.id %> 20260301T020000Z-9f2c41d0 --to mail_march --yes --json',
  ];
  static override args = setArgument;
  static override flags = {
    ...dryRunFlag,
    ...yesFlag,
    to: Flags.string({ summary: 'the name of the new database', required: true, helpValue: 'DATABASE' }),
    from: Flags.string({
      summary: 'the destination to read from; the first one unless given',
      helpValue: 'DESTINATION',
    }),
    source: Flags.string({
      summary: 'which database of the set: platform, a further one, or state',
      default: 'platform',
      helpValue: 'NAME',
    }),
    'plan-only': Flags.boolean({ summary: 'stop after the plan', exclusive: ['dry-run'] }),
  };
  static override exitCodes = [0, 1, 2, 4, 5, 6, 7, 11, 130] as const;
  static override result = async () => (await import('../../lib/backup/results.ts')).backupRestoreResult;

  async run(): Promise<BackupRestoreResult> {
    const { restoreContext } = await import('../../lib/cli/backup-context.ts');
    const { submitPlan } = await import('../../lib/cli/submit-plan.ts');
    const { planText } = await import('../../lib/cli/plan-text.ts');
    const { planRestore } = await import('../../lib/backup/restore/plan-restore.ts');
    const { backupRestore } = await import('../../lib/backup/restore/kind.ts');
    const { restoreOutcome } = await import('../../lib/backup/restore/outcome.ts');
    const context = await this.context();
    const operation = await restoreContext(context, this.flags.from);
    const setId = await resolveSet(operation.sets, this.args.set);
    const plan = await planRestore(operation, setId, { database: this.flags.to, source: this.flags.source });
    this.say(planText(plan.id, plan.body));
    const mode = this.flags['dry-run'] ? 'dry-run' : this.flags['plan-only'] ? 'plan-only' : 'apply';
    const submitted = await submitPlan(context, {
      operation,
      kind: backupRestore,
      plan,
      mode,
      asking: this.asking(),
    });
    const result = await restoreOutcome(operation, submitted);
    if (result.state === 'applied') {
      this.print(
        `restored ${result.rows?.toLocaleString('en')} rows of ${result.tables} tables into ${result.database}: equal to the backup, schema ${result.schema}`,
      );
      if (result.certificateId !== null) this.print(`certificate ${result.certificateId}`);
    } else {
      this.print(`${submitted.outcome}: plan ${plan.id}`);
      if (submitted.outcome === 'awaiting approval') this.endWith(ExitCode.refused);
    }
    return result;
  }
}
