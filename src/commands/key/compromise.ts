import { Args, Flags } from '@oclif/core';
import { ExitCode } from '../../lib/base/exit-code.ts';
import { BaseCommand } from '../../lib/cli/base-command.ts';
import { dryRunFlag } from '../../lib/cli/flags.ts';
import { reencryptFlags } from '../../lib/cli/reencrypt-flags.ts';
import { registerFlags } from '../../lib/cli/register-flags.ts';
import type { KeyCompromiseResult } from '../../lib/key/compromise/results.ts';

export default class KeyCompromise extends BaseCommand<typeof KeyCompromise> {
  static override summary = 'tell what a key that leaked gives away, and plan what follows';
  static override description =
    'Counts what stands under the key: values, subjects, tenants, and the backups that hold it or that it opens. Then lists what is to be done, in its order, with the command for each step that postern can do. For a KMS key and for data keys it makes the plan and stores it: new data keys, all values encrypted again, the old keys called compromised. Nothing else is changed: `plan apply` begins. Where something could not be asked, it says so and ends with 4.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> arn:aws:kms:eu-central-1:111122223333:key/1234 --dry-run',
    '<%= config.bin %> <%= command.id %> arn:aws:kms:eu-central-1:111122223333:key/1234 --to arn:aws:kms:eu-central-1:111122223333:key/5678',
    '<%= config.bin %> <%= command.id %> mail.subject_keys --subject 3f0c9f6e-0b1e-4a57-9d3c-0a4a5b3a0b11',
    '<%= config.bin %> <%= command.id %> password:app',
  ];
  static override args = {
    key: Args.string({
      description:
        "an id or a name as `key list` has it, or a fingerprint's last sixteen digits; of recipients also one that only backup sets name",
      required: true,
      ignoreStdin: true,
    }),
  };
  static override flags = {
    ...dryRunFlag,
    to: Flags.string({ summary: 'id or ARN of the KMS key that takes over', helpValue: 'KEY' }),
    subject: Flags.string({ summary: 'only the data keys of this subject of the keyring', helpValue: 'ID' }),
    'ask-stores': registerFlags['ask-stores'],
    ...reencryptFlags,
  };
  static override exitCodes = [0, 1, 2, 4, 6, 130] as const;
  static override result = async () =>
    (await import('../../lib/key/compromise/results.ts')).keyCompromiseResult;

  async run(): Promise<KeyCompromiseResult> {
    const lib = await import('../../lib/cli/key-compromise.ts');
    const { compromise } = await import('../../lib/key/compromise/index.ts');
    const context = await this.context();
    const options = lib.compromiseOptions(this.args.key, this.flags);
    const { result, plans } = await compromise(lib.compromiseContext(context, this.flags), options);
    for (const line of lib.blastLines(result)) this.print(line);
    this.print();
    if (result.columns.length > 0) {
      await this.printTable(result.columns, lib.blastColumns, '');
      this.print();
    }
    if (!this.flags['dry-run']) await lib.storePlans(context, plans, this.asking());
    for (const line of lib.stepLines(result)) this.print(line);
    for (const { source, reason } of result.unasked) this.addWarning(`${source} cannot be asked: ${reason}`);
    this.endWith(result.unasked.length === 0 ? ExitCode.done : ExitCode.incomplete);
    return result;
  }
}
