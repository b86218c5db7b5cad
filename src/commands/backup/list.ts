import { Flags } from '@oclif/core';
import type { BackupListResult, ListedSet } from '../../lib/backup/results.ts';
import { PosternError } from '../../lib/base/error.ts';
import { ExitCode } from '../../lib/base/exit-code.ts';
import { BaseCommand } from '../../lib/cli/base-command.ts';
import { tableFlags } from '../../lib/cli/flags.ts';
import type { OpenedStores } from '../../lib/cli/set-stores.ts';

export default class BackupList extends BaseCommand<typeof BackupList> {
  static override summary = 'list the backup sets of every destination, oldest first';
  static override description =
    'Asks the stores, so it works when every database is gone. An incomplete set is what a run left that did not end; a missing one (exit 5) is known to the state database, and no longer in the store.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --from offsite --output csv',
  ];
  static override flags = {
    ...tableFlags,
    from: Flags.string({ summary: 'list this destination only', helpValue: 'DESTINATION' }),
  };
  static override exitCodes = [0, 1, 2, 4, 5] as const;
  static override result = async () => (await import('../../lib/backup/results.ts')).backupListResult;

  async run(): Promise<BackupListResult> {
    const { optionalState } = await import('../../lib/cli/optional-state.ts');
    const { listDestination } = await import('../../lib/backup/list-destination.ts');
    const context = await this.context();
    const { stores, unopened } = await this.openStores();
    const state = await optionalState(context, 'neither missing sets nor verifications are shown');
    const sets: ListedSet[] = [];
    const destinations: BackupListResult['destinations'] = [];
    const failed = [...unopened];
    for (const store of stores) {
      const { destination } = store;
      try {
        sets.push(...(await listDestination(store, { state, progress: context.progress })));
        const location = `${store.store.location}/${store.prefix}`;
        destinations.push({ name: destination, location, error: null });
      } catch (error) {
        if (!(error instanceof PosternError)) throw error;
        failed.push({ destination, error });
      }
    }
    if (destinations.length === 0 && failed[0] !== undefined) throw failed[0].error;
    for (const { destination, error } of failed) {
      this.addWarning(`${destination}: ${error.message}`);
      destinations.push({ name: destination, location: null, error: error.message });
      this.endWith(ExitCode.incomplete);
    }
    if (sets.some(({ state: kind }) => kind === 'missing')) this.endWith(ExitCode.integrity);
    const { listColumns } = await import('../../lib/cli/backup-list-text.ts');
    const where = destinations.map(({ location }) => location).join(', ');
    await this.printTable(sets, listColumns, `no set at ${where}`);
    return { destinations, sets };
  }

  private async openStores(): Promise<OpenedStores> {
    const { setStore } = await import('../../lib/cli/backup-context.ts');
    const { setStores } = await import('../../lib/cli/set-stores.ts');
    const context = await this.context();
    const { from } = this.flags;
    return from === undefined
      ? setStores(context)
      : { stores: [await setStore(context, from)], unopened: [] };
  }
}
