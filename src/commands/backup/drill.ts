import type { BackupDrillResult, DrillCleanupResult } from '../../lib/backup/drill/results.ts';
import { BaseCommand } from '../../lib/cli/base-command.ts';
import { drillFlags } from '../../lib/cli/drill-flags.ts';
import { setArgument } from '../../lib/cli/set-argument.ts';

export default class BackupDrill extends BaseCommand<typeof BackupDrill> {
  static override summary = 'restore a set into scratch databases, prove that it is whole, and certify it';
  static override description =
    'Restores by the very steps of a restore, compares every table with the manifest, repeats erasures, asks the smoke queries of the configuration and measures how long it took until the databases were open. The server is an embedded one, started for the drill, or one that is given; what was made is gone afterwards, also when the drill is killed. Exit 3 where it took longer than allowed or a smoke query did not pass, exit 5 where the restored data is not what was backed up, wrapped keys are lost, or the state database knows a newer set that is gone.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> --report drill.html',
    '<%= config.bin %> <%= command.id %> --from second --source platform --json',
    '<%= config.bin %> <%= command.id %> --cleanup',
  ];
  static override args = setArgument;
  static override flags = drillFlags;
  static override exitCodes = [0, 1, 2, 3, 4, 5, 6, 130] as const;
  static override result = async () => {
    const { backupDrillResult, drillCleanupResult } = await import('../../lib/backup/drill/results.ts');
    return backupDrillResult.or(drillCleanupResult);
  };

  async run(): Promise<BackupDrillResult | DrillCleanupResult> {
    if (this.flags.cleanup) return this.cleanup();
    const { drillContext, drillServer, smokeQueries } = await import('../../lib/cli/drill-options.ts');
    const { reportedDrill } = await import('../../lib/cli/drill-report.ts');
    const { drillExitCode, drillLines } = await import('../../lib/cli/drill-text.ts');
    const { chooseRestoredSet } = await import('../../lib/backup/restore/choose-set.ts');
    const { version } = this.config;
    const context = await this.context();
    const settings = context.settings('backup').drill;
    const drill = await drillContext(context, version, this.flags.from);
    const wish = {
      ...(this.args.set === undefined ? {} : { set: this.args.set }),
      whenDamaged: 'refuse',
    } as const;
    const options = {
      setId: await chooseRestoredSet(drill.sets, wish, drill),
      ...(this.flags.source === 'all' ? {} : { sources: [this.flags.source] }),
      ...(settings?.rto === undefined ? {} : { rto: settings.rto }),
      smoke: smokeQueries(settings),
      whenDone: this.flags.keep ? 'keep' : 'clean-up',
      startServer: await drillServer(context, this.flags.server),
    } as const;
    const result = await reportedDrill(drill, options, this.flags.report);
    for (const line of drillLines(result)) this.print(line);
    this.gauge({
      name: 'postern_backup_drill_rto_seconds',
      help: 'How long the restore of the drill took until it was open.',
      value: result.rtoSeconds,
    });
    this.endWith(drillExitCode(result));
    return result;
  }

  private async cleanup(): Promise<DrillCleanupResult> {
    const { cleanUpDrills } = await import('../../lib/cli/drill-cleanup.ts');
    const { cleanupLines } = await import('../../lib/cli/drill-text.ts');
    const result = await cleanUpDrills(await this.context(), this.flags.server);
    const lines = cleanupLines(result);
    for (const line of lines) this.print(line);
    if (lines.length === 0) this.say('nothing is left of any drill');
    return result;
  }
}
