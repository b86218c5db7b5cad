import { Flags } from '@oclif/core';
import { ExitCode } from '../../lib/base/exit-code.ts';
import { BaseCommand } from '../../lib/cli/base-command.ts';
import { tableFlags } from '../../lib/cli/flags.ts';
import { registerFlags } from '../../lib/cli/register-flags.ts';
import type { KeyListResult } from '../../lib/key/register/results.ts';

export default class KeyList extends BaseCommand<typeof KeyList> {
  static override summary = 'list every key, with its age, what is under it, and what comes next';
  static override description =
    'Keys that wrap data keys, data keys and HMAC keys by keyring and state, OpenPGP recipients and signers, the key of certificates, passwords of database roles, DKIM keys: all that the profile names. Values are those of the last census on record; --census counts anew. A source that cannot be asked is told, the others are listed, and the exit code is 4.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --kind kek --kind dek --census',
    '<%= config.bin %> <%= command.id %> --output csv',
  ];
  static override flags = {
    ...tableFlags,
    ...registerFlags,
    kind: Flags.option({
      summary: 'only keys of this kind; may be given several times',
      options: [
        'kek',
        'dek',
        'hmac',
        'openpgp-recipient',
        'openpgp-signer',
        'certificate-signer',
        'password',
        'dkim',
      ] as const,
      multiple: true,
      multipleNonGreedy: true,
    })(),
  };
  static override exitCodes = [
    ExitCode.done,
    ExitCode.failure,
    ExitCode.usage,
    ExitCode.incomplete,
    ExitCode.interrupted,
  ];
  static override result = async () => (await import('../../lib/key/register/results.ts')).keyListResult;

  async run(): Promise<KeyListResult> {
    const { registerContext, registerOptions } = await import('../../lib/cli/key-register.ts');
    const { registerColumns, registerNotes } = await import('../../lib/cli/key-register-text.ts');
    const { readRegister } = await import('../../lib/key/register/index.ts');
    const context = await this.context();
    const all = await readRegister(registerContext(context, this.flags), registerOptions(this.flags));
    const kinds: readonly string[] = this.flags.kind ?? [];
    const keys = kinds.length === 0 ? all.keys : all.keys.filter(({ kind }) => kinds.includes(kind));
    const result = { ...all, keys };
    await this.printTable(keys, registerColumns(this.flags.output), 'the profile names no key');
    for (const line of registerNotes(result)) this.say(line);
    for (const { source, reason } of all.unasked) this.addWarning(`${source} cannot be asked: ${reason}`);
    this.endWith(all.unasked.length === 0 ? ExitCode.done : ExitCode.incomplete);
    return result;
  }
}
