import type { BackupPreview, BackupRunResult } from '../../lib/backup/results.ts';
import { formatByteSize } from '../../lib/base/byte-size.ts';
import { BaseCommand } from '../../lib/cli/base-command.ts';
import { dryRunFlag } from '../../lib/cli/flags.ts';

export default class BackupRun extends BaseCommand<typeof BackupRun> {
  static override summary = 'back up the platform database, encrypted and signed';
  static override description =
    'Copies every table under one snapshot, with the schema, sequences and large objects, to the configured store. The host needs public keys and a signing key only: it cannot read what it writes. A set exists once its manifest is stored; whatever stops a run before that leaves no set.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --profile production --json',
  ];
  static override flags = { ...dryRunFlag };
  static override exitCodes = [0, 1, 2, 5, 6, 11, 130] as const;
  static override result = async () => {
    const { backupPreview, backupRunResult } = await import('../../lib/backup/results.ts');
    return backupRunResult.or(backupPreview);
  };

  async run(): Promise<BackupRunResult | BackupPreview> {
    const { backupContext } = await import('../../lib/cli/backup-context.ts');
    const context = await backupContext(await this.context(), this.config.version);
    if (this.flags['dry-run']) {
      const { previewBackup } = await import('../../lib/backup/preview.ts');
      const preview = await previewBackup(context);
      this.print(
        `would copy ${preview.tables} tables of ${preview.database}, about ${formatByteSize(preview.bytes)}, to ${preview.location}`,
      );
      this.print(
        `schema by pg_dump ${preview.schemaDump.version} (${preview.schemaDump.kind}); nothing was stored`,
      );
      return preview;
    }
    const { runBackup } = await import('../../lib/backup/run.ts');
    const result = await runBackup(context);
    this.print(
      `${result.setId}: ${result.rows.toLocaleString('en')} rows of ${result.tables} tables in ${result.seconds.toFixed(1)} s`,
    );
    this.print(
      `${formatByteSize(result.plainBytes)} became ${formatByteSize(result.bytes)} at ${result.location}`,
    );
    this.say('next: postern backup verify');
    return result;
  }
}
