import type { BackupRestoreResult } from '../../lib/backup/restore/results.ts';
import { ExitCode } from '../../lib/base/exit-code.ts';
import { BaseCommand } from '../../lib/cli/base-command.ts';
import { restoreFlags } from '../../lib/cli/restore-flags.ts';
import { setArgument } from '../../lib/cli/set-argument.ts';

export default class BackupRestore extends BaseCommand<typeof BackupRestore> {
  static override summary = 'restore a backup set, or some tables of it, into a new database';
  static override description =
    'Builds a plan and, where the profile asks for no approval, applies it. The database has another name until everything was read back and compared with the manifest, and until the erasures since the backup were repeated, so nobody works on half of it. Killed or interrupted, `plan apply ID` goes on where it stopped. Without a set, the newest complete one is taken after a look at its signature, names and sizes; where that fails, or where the state database knows a newer one that is gone, this ends with 5, and the newest set that verifies is taken only with --newest-verifying.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> --to mail_restored',
    '<%= config.bin %> <%= command.id %> 20260301T020000Z-9f2c41d0 --to mail_march --yes --json',
    '<%= config.bin %> <%= command.id %> --as-of 2026-03-01 --table public.message --table public.account --to some_mail',
  ];
  static override args = setArgument;
  static override flags = restoreFlags;
  static override exitCodes = [0, 1, 2, 4, 5, 6, 7, 11, 130] as const;
  static override result = async () =>
    (await import('../../lib/backup/restore/results.ts')).backupRestoreResult;

  async run(): Promise<BackupRestoreResult> {
    const { restoreContext } = await import('../../lib/cli/backup-context.ts');
    const { submitPlan } = await import('../../lib/cli/submit-plan.ts');
    const { planText } = await import('../../lib/cli/plan-text.ts');
    const { planModeOf } = await import('../../lib/cli/report-submitted.ts');
    const { restoreLines } = await import('../../lib/cli/restore-text.ts');
    const { chooseRestoredSet } = await import('../../lib/backup/restore/choose-set.ts');
    const { setWish } = await import('../../lib/backup/restore/set-wish.ts');
    const { planRestore } = await import('../../lib/backup/restore/plan-restore.ts');
    const { restoreKind } = await import('../../lib/backup/restore/kind.ts');
    const { restoreOutcome } = await import('../../lib/backup/restore/outcome.ts');
    const wish = setWish({
      set: this.args.set,
      asOf: this.flags['as-of'],
      takesOlder: this.flags['newest-verifying'],
    });
    const context = await this.context();
    const operation = await restoreContext(context, this.flags.from);
    const setId = await chooseRestoredSet(operation.sets, wish, operation);
    const plan = await planRestore(operation, setId, {
      database: this.flags.to,
      source: this.flags.source,
      tables: this.flags.table ?? [],
      erasures: this.flags['without-erasures'] ? 'skip' : 'replay',
      objectsTo: this.flags['objects-to'] ?? [],
    });
    this.say(planText(plan.id, plan.body));
    const submitted = await submitPlan(context, {
      operation,
      kind: restoreKind(plan),
      plan,
      mode: planModeOf(this.flags),
      asking: this.asking(),
    });
    const result = await restoreOutcome(operation, submitted);
    for (const line of restoreLines(result, submitted.outcome)) this.print(line);
    if (submitted.outcome === 'awaiting approval') this.endWith(ExitCode.refused);
    return result;
  }
}
