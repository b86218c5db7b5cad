import { Args } from '@oclif/core';
import type { RecipientsChangeResult } from '../../../lib/backup/keys/results.ts';
import { BaseCommand } from '../../../lib/cli/base-command.ts';
import { dryRunFlag, yesFlag } from '../../../lib/cli/flags.ts';

export default class BackupRecipientsAdd extends BaseCommand<typeof BackupRecipientsAdd> {
  static override summary = 'let a further key open the backup sets that are made from now on';
  static override description =
    'Judges the key as a run does, and adds its file to the recipients in the configuration file, where nothing else changes. Sets that are there already open for it only after `backup rewrap`.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> keys/successor.pub.asc',
    '<%= config.bin %> <%= command.id %> keys/successor.pub.asc --yes --json',
  ];
  static override args = {
    file: Args.string({ description: 'the public key', required: true, ignoreStdin: true }),
  };
  static override flags = { ...dryRunFlag, ...yesFlag };
  static override exitCodes = [0, 1, 2, 5, 6, 130] as const;
  static override result = async () =>
    (await import('../../../lib/backup/keys/results.ts')).recipientsChangeResult;

  async run(): Promise<RecipientsChangeResult> {
    const { configuredRecipients } = await import('../../../lib/cli/backup-recipients.ts');
    const lib = await import('../../../lib/cli/edit-recipients.ts');
    const { readInput } = await import('../../../lib/cli/plan-signature.ts');
    const { readRecipient } = await import('../../../lib/crypto/openpgp-recipient.ts');
    const { usageError } = await import('../../../lib/base/error.ts');
    const context = await this.context();
    const recipient = await readRecipient(await readInput(this.args.file, 'key'), context.clock.now());
    const { fingerprint } = recipient;
    const known = (await configuredRecipients(context)).find(({ key }) => key.fingerprint === fingerprint);
    if (known !== undefined)
      throw usageError(`${fingerprint} is a recipient already, by ${known.file}`, {
        code: 'recipient-exists',
      });
    const file = lib.recipientPath(context, this.args.file);
    const edit = await lib.prepareEdit(context, { kind: 'add', value: file });
    const change = { action: 'backup.recipients.add', file, fingerprint, edit } as const;
    const result = lib.changeResult(change, null);
    const named = `${fingerprint} (${recipient.userIds[0] ?? 'no user id'})`;
    if (this.flags['dry-run']) {
      this.print(`would add ${named} to ${result.configFile}`);
      return { ...result, change: 'would add' };
    }
    await lib.confirmAndWrite(context, change, {
      question: `let ${named} open all backups of ${context.profile} from now on?`,
      asking: this.asking(),
    });
    this.print(`${fingerprint} can open the sets that are made from now on`);
    this.say('next: postern backup rewrap --all, where a secret key is, for those that are there already');
    return { ...result, change: 'added' };
  }
}
