import { Flags } from '@oclif/core';
import type { BackupPreview, BackupRunResult } from '../../lib/backup/results.ts';
import { formatByteSize } from '../../lib/base/byte-size.ts';
import { objectsText } from '../../lib/cli/backup-objects-text.ts';
import { BaseCommand } from '../../lib/cli/base-command.ts';
import { dryRunFlag } from '../../lib/cli/flags.ts';
import { watchFlags } from '../../lib/cli/watch/watch-flags.ts';

export default class BackupRun extends BaseCommand<typeof BackupRun> {
  static override summary = 'back up the databases, encrypted and signed, to every destination';
  static override description =
    'Copies every table of every database under one snapshot each, with the schema, sequences and large objects, and the mail objects that backup.objects names, to the configured destinations. The host needs public keys and a signing key only: it cannot read what it writes. A set exists in a destination once its manifest is stored there; a run succeeds when every required destination has it. One that cannot be opened, or that is empty although sets were put there, gets none, and the others go on.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --profile production --json',
  ];
  static override flags = {
    ...dryRunFlag,
    ...watchFlags,
    'accept-new-store': Flags.string({
      summary:
        'this destination may be empty: the sets that were put there count as lost; may be given several times',
      helpValue: 'DESTINATION',
      multiple: true,
      multipleNonGreedy: true,
    }),
  };
  static override exitCodes = [0, 1, 2, 5, 6, 7, 11, 130] as const;
  static override result = async () => {
    const { backupPreview, backupRunResult } = await import('../../lib/backup/results.ts');
    return backupRunResult.or(backupPreview);
  };

  async run(): Promise<BackupRunResult | BackupPreview> {
    const { backupContext } = await import('../../lib/cli/backup-context.ts');
    const context = await backupContext(
      await this.context(),
      this.config.version,
      this.flags['accept-new-store'],
    );
    if (this.flags['dry-run']) {
      const { previewBackup } = await import('../../lib/backup/preview.ts');
      const preview = await previewBackup(context);
      for (const { database, tables, bytes, schemaDump } of preview.sources) {
        this.print(
          `would copy ${tables} tables of ${database}, about ${formatByteSize(bytes)}, schema by pg_dump ${schemaDump.version} (${schemaDump.kind})`,
        );
      }
      for (const { name, location, problem } of preview.destinations)
        this.print(problem === null ? `to ${name}, ${location}` : `not to ${name}: ${problem}`);
      this.print('nothing was stored');
      return preview;
    }
    const { runBackup } = await import('../../lib/backup/run.ts');
    const result = await runBackup(context);
    this.print(
      `${result.setId}: ${result.rows.toLocaleString('en')} rows of ${result.tables} tables in ${result.seconds.toFixed(1)} s`,
    );
    this.print(`${formatByteSize(result.plainBytes)} became ${formatByteSize(result.bytes)}`);
    if (result.objects !== null) this.print(objectsText(result.objects));
    for (const { name, location, state, lockedUntil, objectsLockedUntil: objects } of result.destinations) {
      const longer = objects === null ? '' : `, mail objects until ${objects}`;
      const lock = lockedUntil === null ? 'not locked' : `locked until ${lockedUntil}${longer}`;
      this.print(state === 'complete' ? `${name}: ${location}, ${lock}` : `${name}: no set`);
    }
    this.say('next: postern backup verify');
    return result;
  }
}
