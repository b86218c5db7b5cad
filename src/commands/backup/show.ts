import type { BackupShowResult } from '../../lib/backup/results.ts';
import { formatByteSize } from '../../lib/base/byte-size.ts';
import { objectsText } from '../../lib/cli/backup-objects-text.ts';
import { BaseCommand } from '../../lib/cli/base-command.ts';
import { tableFlags } from '../../lib/cli/flags.ts';
import { resolveSet, setArgument } from '../../lib/cli/set-argument.ts';

export default class BackupShow extends BaseCommand<typeof BackupShow> {
  static override summary = 'show what a backup set holds';
  static override description =
    'Checks the signature first. Without a secret key it shows what anybody may know; with one, the tables, their rows and checksums.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> 20260301T020000Z-9f2c41d0 --json',
  ];
  static override args = setArgument;
  static override flags = { ...tableFlags };
  static override exitCodes = [0, 1, 2, 4, 5, 6] as const;
  static override result = async () => (await import('../../lib/backup/results.ts')).backupShowResult;

  async run(): Promise<BackupShowResult> {
    const { secretKeys, setStore } = await import('../../lib/cli/backup-context.ts');
    const { showSet } = await import('../../lib/backup/show.ts');
    const context = await this.context();
    const sets = await setStore(context);
    const result = await showSet(sets, await resolveSet(sets, this.args.set), await secretKeys(context));
    const { manifest } = result;
    if (this.flags.output === 'table') {
      this.print(`set         ${result.setId}`);
      this.print(`location    ${result.location}`);
      this.print(`finished    ${result.finishedAt}`);
      this.print(`signed by   ${result.signer}`);
      this.print(`opens with  ${result.recipients.join('\n            ')}`);
      this.print(`before it   ${result.previous?.setId ?? 'none'}`);
      this.print(`size        ${formatByteSize(result.bytes)} in ${result.files} files`);
    }
    if (manifest === null) {
      this.say('no secret key is configured here, so the manifest stays closed');
      return result;
    }
    if (this.flags.output === 'table') {
      for (const { name, database, serverVersion, encoding } of manifest.sources)
        this.print(`${name.padEnd(11)} ${database}, PostgreSQL ${serverVersion}, ${encoding}`);
      if (manifest.objects !== null) this.print(objectsText(manifest.objects));
      this.print('');
    }
    await this.printTable(
      manifest.sources.flatMap(({ name, tables }) => tables.map((table) => ({ source: name, ...table }))),
      [
        { header: 'database', value: ({ source }) => source },
        { header: 'table', value: ({ table }) => table },
        { header: 'rows', value: ({ rows }) => rows, align: 'right' },
        { header: 'size', value: ({ plainBytes }) => formatByteSize(plainBytes), align: 'right' },
        { header: 'checksum', value: ({ checksum }) => checksum },
      ],
      'no tables',
    );
    return result;
  }
}
