import { availableParallelism } from 'node:os';
import { Flags } from '@oclif/core';
import type { BackupVerifyResult } from '../../lib/backup/results.ts';
import { ExitCode } from '../../lib/base/exit-code.ts';
import { BaseCommand } from '../../lib/cli/base-command.ts';
import { tableFlags } from '../../lib/cli/flags.ts';
import { resolveSet, setArgument } from '../../lib/cli/set-argument.ts';
import { watchFlags } from '../../lib/cli/watch/watch-flags.ts';

export default class BackupVerify extends BaseCommand<typeof BackupVerify> {
  static override summary = 'check that a backup set is whole and unchanged';
  static override description =
    'Lists everything that is wrong instead of stopping at the first. `--level list` compares names and sizes with the signed list; `full` reads every byte, and where a secret key is configured, opens it and counts every row.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --level list --json',
  ];
  static override args = setArgument;
  static override flags = {
    ...tableFlags,
    ...watchFlags,
    level: Flags.option({ options: ['list', 'full'] as const, default: 'full' as const })({
      summary: 'how closely to look',
    }),
  };
  static override exitCodes = [0, 1, 2, 4, 5, 6, 130] as const;
  static override result = async () => (await import('../../lib/backup/results.ts')).backupVerifyResult;

  async run(): Promise<BackupVerifyResult> {
    const { secretKeys, setStore } = await import('../../lib/cli/backup-context.ts');
    const { verifySet } = await import('../../lib/backup/verify.ts');
    const context = await this.context();
    const sets = await setStore(context);
    const result = await verifySet(sets, await resolveSet(sets, this.args.set), {
      level: this.flags.level,
      keys: await secretKeys(context),
      workers: context.settings('backup').workers ?? availableParallelism(),
      signal: this.signal,
      progress: context.progress,
    });
    const { setId, findings, files, rows } = result;
    if (findings.length > 0) {
      await this.printTable(
        findings,
        [
          { header: 'finding', value: ({ kind }) => kind },
          { header: 'file', value: ({ file }) => file ?? undefined },
          { header: 'what', value: ({ message }) => message },
        ],
        '',
      );
      this.say(
        `${setId}: ${findings.length} ${findings.length === 1 ? 'finding' : 'findings'}: do not count on this set`,
      );
      this.endWith(ExitCode.integrity);
      return result;
    }
    const what = result.level === 'list' ? `names and sizes of ${files} files` : `${files} files`;
    const contents = rows === null ? '' : `, and ${rows.toLocaleString('en')} rows as they were read`;
    this.print(`${setId}: ${what} are as they were signed${contents}`);
    if (!result.opened && result.level === 'full')
      this.say('no secret key is configured here, so the contents were not opened');
    return result;
  }
}
