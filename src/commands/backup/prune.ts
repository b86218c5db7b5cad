import { Flags } from '@oclif/core';
import type { BackupPruneResult } from '../../lib/backup/prune/results.ts';
import { ExitCode } from '../../lib/base/exit-code.ts';
import { BaseCommand } from '../../lib/cli/base-command.ts';
import { confirmFlag, dryRunFlag, tableFlags } from '../../lib/cli/flags.ts';
import { watchFlags } from '../../lib/cli/watch/watch-flags.ts';

const places = (summary: string) => Flags.integer({ summary, min: 0, helpGroup: 'KEEP', helpValue: 'N' });

export default class BackupPrune extends BaseCommand<typeof BackupPrune> {
  static override summary = 'remove backup sets that no rule keeps';
  static override description =
    'Builds a plan for one destination and, where the profile asks for no approval, applies it once the name of the destination was typed. The newest set, the newest verified and the last drilled one always stay; what the store keeps locked is `retained`. Parts of runs that made no set go after a grace, keyrings when they are as old as their lock. The rules are those of `backup.prune` in the configuration, each with its flag above it. Killed or interrupted, `plan apply ID` goes on.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> --dry-run',
    '<%= config.bin %> <%= command.id %> --keep-weekly 8 --keep-monthly 12 --plan-only',
    '<%= config.bin %> <%= command.id %> --from second --confirm second --json',
  ];
  static override flags = {
    ...dryRunFlag,
    ...confirmFlag,
    ...tableFlags,
    ...watchFlags,
    from: Flags.string({ summary: 'the destination; the first one unless given', helpValue: 'DESTINATION' }),
    'keep-last': places('keep the newest N sets'),
    'keep-daily': places('keep the newest set of each of N days, in UTC'),
    'keep-weekly': places('keep the newest set of each of N weeks, from Monday'),
    'keep-monthly': places('keep the newest set of each of N months'),
    'keep-yearly': places('keep the newest set of each of N years'),
    'orphan-grace': Flags.string({
      summary: 'leave parts of runs that made no set alone for so long; 7d unless told',
      helpValue: 'DURATION',
    }),
    'plan-only': Flags.boolean({ summary: 'stop after the plan', exclusive: ['dry-run'] }),
  };
  static override exitCodes = [0, 1, 2, 5, 6, 7, 11, 130] as const;
  static override result = async () => (await import('../../lib/backup/prune/results.ts')).backupPruneResult;

  async run(): Promise<BackupPruneResult> {
    const { pruneContext, pruneDestination, pruneOptions } = await import('../../lib/cli/backup-prune.ts');
    const { planModeOf } = await import('../../lib/cli/report-submitted.ts');
    const { submitPlan } = await import('../../lib/cli/submit-plan.ts');
    const { backupPrune, planPrune, pruneOutcome } = await import('../../lib/backup/prune/index.ts');
    const { pruneColumns, pruneLines, shownEntries } = await import('../../lib/cli/backup-prune-text.ts');
    const context = await this.context();
    const destination = pruneDestination(context, this.flags.from);
    const operation = await pruneContext(context);
    const planned = await planPrune(operation, destination, pruneOptions(context, this.flags));
    await this.printTable(shownEntries(planned.entries), pruneColumns, 'nothing is there');
    const submitted =
      planned.plan &&
      (await submitPlan(context, {
        operation,
        kind: backupPrune,
        plan: planned.plan,
        mode: planModeOf(this.flags),
        asking: this.asking(),
      }));
    const result = await pruneOutcome(operation, destination, planned, submitted);
    if (result.retained > 0) this.say(`${result.retained} would go, but the store keeps them locked`);
    for (const line of pruneLines(result)) this.print(line);
    if (result.outcome === 'awaiting approval') this.endWith(ExitCode.refused);
    this.gauge({
      name: 'postern_backup_pruned_bytes',
      help: 'Bytes that the last prune removed.',
      labels: { destination },
      value: result.removed?.bytes ?? 0,
    });
    return result;
  }
}
