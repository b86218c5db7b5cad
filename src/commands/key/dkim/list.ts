import { ExitCode } from '../../../lib/base/exit-code.ts';
import { BaseCommand } from '../../../lib/cli/base-command.ts';
import { tableFlags } from '../../../lib/cli/flags.ts';
import type { KeyDkimListResult } from '../../../lib/key/dkim/results.ts';

export default class KeyDkimList extends BaseCommand<typeof KeyDkimList> {
  static override summary = 'list the DKIM selectors of the register, and what is due';
  static override description =
    'Every selector that was made here or adopted, with its state and what comes next. No name server is asked; `key dkim check` does that.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --output csv',
  ];
  static override flags = { ...tableFlags };
  static override exitCodes = [ExitCode.done, ExitCode.failure, ExitCode.usage];
  static override result = async () => (await import('../../../lib/key/dkim/results.ts')).keyDkimListResult;

  async run(): Promise<KeyDkimListResult> {
    const { dkimContext } = await import('../../../lib/cli/key-dkim.ts');
    const { listColumns, listed } = await import('../../../lib/cli/key-dkim-text.ts');
    const { readSelectors } = await import('../../../lib/key/dkim/index.ts');
    const context = await dkimContext(await this.context());
    const known = await readSelectors(await context.state(), context.profile);
    const selectors = known.map((selector) => listed(context, selector));
    await this.printTable(
      selectors,
      listColumns,
      'no selectors; `postern key dkim adopt` makes known what signs',
    );
    return { selectors };
  }
}
