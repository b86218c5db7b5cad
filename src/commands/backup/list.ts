import type { BackupListResult } from '../../lib/backup/results.ts';
import { formatByteSize } from '../../lib/base/byte-size.ts';
import { BaseCommand } from '../../lib/cli/base-command.ts';
import { tableFlags } from '../../lib/cli/flags.ts';

export default class BackupList extends BaseCommand<typeof BackupList> {
  static override summary = 'list the backup sets in the store, oldest first';
  static override description =
    'Asks the store alone, so it works when every database is gone. An incomplete set is what a run left that did not end.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --output csv',
  ];
  static override flags = { ...tableFlags };
  static override exitCodes = [0, 1, 2] as const;
  static override result = async () => (await import('../../lib/backup/results.ts')).backupListResult;

  async run(): Promise<BackupListResult> {
    const { setStore } = await import('../../lib/cli/backup-context.ts');
    const { listSets } = await import('../../lib/backup/list.ts');
    const store = await setStore(await this.context());
    const sets = await listSets(store);
    await this.printTable(
      sets,
      [
        { header: 'set', value: ({ setId }) => setId },
        { header: 'started', value: ({ startedAt }) => startedAt },
        { header: 'files', value: ({ files }) => files, align: 'right' },
        { header: 'size', value: ({ bytes }) => formatByteSize(bytes), align: 'right' },
        { header: 'state', value: ({ isComplete }) => (isComplete ? 'complete' : 'incomplete') },
      ],
      `no set at ${store.store.location}/${store.prefix}`,
    );
    return { location: `${store.store.location}/${store.prefix}`, sets: [...sets] };
  }
}
