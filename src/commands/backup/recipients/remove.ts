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
    const { accessAfterRemoval, configuredRecipients, findRecipient, requireEnough } = await import(
      '../../../lib/cli/backup-recipients.ts'
    );
    const lib = await import('../../../lib/cli/edit-recipients.ts');
    const context = await this.context();
    const recipients = await configuredRecipients(context);
    const { file, index, key } = findRecipient(recipients, this.args.fingerprint);
    const { fingerprint } = key;
    const remaining = recipients.filter((_, other) => other !== index);
    requireEnough(context, remaining);
    const edit = await lib.prepareEdit(context, { kind: 'remove', index });
    const change = { action: 'backup.recipients.remove', file, fingerprint, edit } as const;
    const result = lib.changeResult(change, await accessAfterRemoval(context, key, remaining));
    for (const line of lib.accessLines(result.access)) this.print(line);
    if (this.flags['dry-run']) {
      this.print(`would remove ${fingerprint} from ${result.configFile}`);
      return { ...result, change: 'would remove' };
    }
    await lib.confirmAndWrite(context, change, {
      question: `make no further backups of ${context.profile} for ${fingerprint}?`,
      asking: this.asking(),
    });
    this.print(`${fingerprint} cannot open the sets that are made from now on`);
    return { ...result, change: 'removed' };
  }
}
