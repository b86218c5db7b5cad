import type { RecipientsListResult } from '../../../lib/backup/keys/results.ts';
import { ExitCode } from '../../../lib/base/exit-code.ts';
import { BaseCommand } from '../../../lib/cli/base-command.ts';
import { tableFlags } from '../../../lib/cli/flags.ts';

export default class BackupRecipientsList extends BaseCommand<typeof BackupRecipientsList> {
  static override summary = 'list the keys that new backup sets are made for';
  static override description =
    'Shows each configured recipient with its state. Ends with exit code 3 when one cannot be used, ends within 60 days, or too few different ones remain.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --json',
  ];
  static override flags = { ...tableFlags };
  static override exitCodes = [0, 1, 2, 3] as const;
  static override result = async () =>
    (await import('../../../lib/backup/keys/results.ts')).recipientsListResult;

  async run(): Promise<RecipientsListResult> {
    const { backupConfigFile, configuredRecipients } = await import('../../../lib/cli/backup-recipients.ts');
    const { recipientsNeeded } = await import('../../../lib/cli/backup-context.ts');
    const { recipientState } = await import('../../../lib/backup/keys/recipient-state.ts');
    const context = await this.context();
    const now = context.clock.now();
    const recipients = (await configuredRecipients(context)).map(({ file, key }) => ({
      file,
      fingerprint: key.fingerprint,
      userIds: [...key.userIds],
      created: key.created.toISOString(),
      ...recipientState(key, now),
    }));
    const usable = recipients.filter(({ state }) => state === 'valid' || state === 'expiring');
    const result = {
      configFile: backupConfigFile(context),
      recipients,
      kmsKey: context.settings('backup').kms_key ?? null,
      needed: recipientsNeeded(context),
      usable: new Set(usable.map(({ fingerprint }) => fingerprint)).size,
    };
    await this.printTable(
      recipients,
      [
        { header: 'fingerprint', value: ({ fingerprint }) => fingerprint },
        { header: 'user id', value: ({ userIds }) => userIds[0] ?? '' },
        { header: 'created', value: ({ created }) => created.slice(0, 10) },
        { header: 'expires', value: ({ expires }) => expires?.slice(0, 10) ?? 'never' },
        { header: 'state', value: ({ state }) => state },
        { header: 'file', value: ({ file }) => file },
      ],
      'no recipient',
    );
    for (const { file, reason } of recipients) if (reason !== null) this.say(`${file}: ${reason}`);
    if (result.kmsKey !== null) this.say(`${result.kmsKey} opens new sets as well`);
    const isMet = result.usable >= result.needed;
    if (!isMet)
      this.addWarning(`${result.usable} different keys can be used, and ${result.needed} are needed`);
    this.endWith(
      isMet && recipients.every(({ state }) => state === 'valid') ? ExitCode.done : ExitCode.findings,
    );
    return result;
  }
}
