import { Args, Flags } from '@oclif/core';
import { ExitCode } from '../../lib/base/exit-code.ts';
import { BaseCommand } from '../../lib/cli/base-command.ts';
import { registerFlags } from '../../lib/cli/register-flags.ts';
import type { KeyShowResult } from '../../lib/key/register/results.ts';

export default class KeyShow extends BaseCommand<typeof KeyShow> {
  static override summary = 'tell everything that is known of a key';
  static override description =
    'What it is for, who needs it and until when, what is under it, and what comes next. A keyring is shown with all of its states; --subject adds the data keys of one subject.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> mail.subject_keys',
    '<%= config.bin %> <%= command.id %> mail.subject_keys --subject 3f0c9f6e-0b1e-4a57-9d3c-0a4a5b3a0b11',
    '<%= config.bin %> <%= command.id %> openpgp-recipient:5A8FD0E2C3B14F7A5A8FD0E2C3B14F7A5A8FD0E2',
  ];
  static override args = {
    key: Args.string({
      description: "an id or a name as `key list` has it, or a fingerprint's last sixteen digits",
      required: true,
      ignoreStdin: true,
    }),
  };
  static override flags = {
    ...registerFlags,
    subject: Flags.string({ summary: 'the data keys of this subject of the keyring', helpValue: 'ID' }),
  };
  static override exitCodes = [
    ExitCode.done,
    ExitCode.failure,
    ExitCode.usage,
    ExitCode.incomplete,
    ExitCode.interrupted,
  ];
  static override result = async () => (await import('../../lib/key/register/results.ts')).keyShowResult;

  async run(): Promise<KeyShowResult> {
    const { registerContext, registerOptions } = await import('../../lib/cli/key-register.ts');
    const { keyLines, versionColumns } = await import('../../lib/cli/key-register-text.ts');
    const { showKey } = await import('../../lib/key/register/index.ts');
    const context = await this.context();
    const result = await showKey(registerContext(context, this.flags), registerOptions(this.flags), {
      asked: this.args.key,
      subject: this.flags.subject,
    });
    for (const [index, key] of result.keys.entries()) {
      if (index > 0) this.print();
      for (const line of keyLines(key)) this.print(line);
    }
    if (this.flags.subject !== undefined) {
      this.print();
      await this.printTable(result.versions, versionColumns, 'this subject has no data key');
    }
    for (const { source, reason } of result.unasked) this.addWarning(`${source} cannot be asked: ${reason}`);
    this.endWith(result.unasked.length === 0 ? ExitCode.done : ExitCode.incomplete);
    return result;
  }
}
