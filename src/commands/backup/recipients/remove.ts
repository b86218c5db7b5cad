import { Args } from '@oclif/core';
import type { RecipientsChangeResult } from '../../../lib/backup/keys/results.ts';
import { BaseCommand } from '../../../lib/cli/base-command.ts';
import { dryRunFlag, yesFlag } from '../../../lib/cli/flags.ts';

export default class BackupRecipientsRemove extends BaseCommand<typeof BackupRecipientsRemove> {
  static override summary = 'make no further backup sets for a key';
  static override description =
    'Takes the key out of the recipients in the configuration file, where nothing else changes. The sets that are there stay open for it: nothing can take that back. Refused where too few keys would remain.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> 5A8FD0E2C3B14F7A --dry-run',
    '<%= config.bin %> <%= command.id %> 5A8FD0E2C3B14F7A --yes',
  ];
  static override args = {
    fingerprint: Args.string({
      description: "the key's fingerprint, or its last sixteen digits",
      required: true,
      ignoreStdin: true,
    }),
  };
  static override flags = { ...dryRunFlag, ...yesFlag };
  static override exitCodes = [0, 1, 2, 5, 6, 130] as const;
  static override result = async () =>
    (await import('../../../lib/backup/keys/results.ts')).recipientsChangeResult;

  async run(): Promise<RecipientsChangeResult> {
    const lib = await import('../../../lib/cli/backup-recipients.ts');
    const { operationContext } = await import('../../../lib/cli/operation-context.ts');
    const { confirmYes } = await import('../../../lib/cli/prompt.ts');
    const { audited } = await import('../../../lib/audit/audited.ts');
    const context = await this.context();
    const recipients = await lib.configuredRecipients(context);
    const { file, index, key } = lib.findRecipient(recipients, this.args.fingerprint);
    const remaining = recipients.filter((_, other) => other !== index);
    lib.requireEnough(context, remaining);
    const edit = await lib.prepareEdit(context, { kind: 'remove', index });
    const access = await lib.accessAfterRemoval(context, key, remaining);
    const result = {
      configFile: lib.backupConfigFile(context),
      file,
      fingerprint: key.fingerprint,
      recipients: [...edit.recipients],
      access,
    };
    for (const line of lib.accessLines(access)) this.print(line);
    if (this.flags['dry-run']) {
      this.print(`would remove ${key.fingerprint} from ${result.configFile}`);
      return { ...result, change: 'would remove' };
    }
    await confirmYes(`make no further backups of ${context.profile} for ${key.fingerprint}?`, this.asking());
    await audited(
      await operationContext(context),
      {
        action: 'backup.recipients.remove',
        target: key.fingerprint,
        detail: { profile: context.profile, file },
      },
      () => edit.write(),
    );
    this.print(`${key.fingerprint} cannot open the sets that are made from now on`);
    return { ...result, change: 'removed' };
  }
}
