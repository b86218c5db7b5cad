import { resolve } from 'node:path';
import { Args, Flags } from '@oclif/core';
import { ExitCode } from '../../../lib/base/exit-code.ts';
import { BaseCommand } from '../../../lib/cli/base-command.ts';
import type { KeyDkimAdoptResult } from '../../../lib/key/dkim/results.ts';

export default class KeyDkimAdopt extends BaseCommand<typeof KeyDkimAdopt> {
  static override summary = 'make a DKIM selector known that signs already';
  static override description =
    'Every authoritative server must have the record of the private key. The file stays where it is; a later rotation retires the selector and destroys the key.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> example.org s2024 --key-file /etc/opendkim/keys/example.org/s2024.private',
  ];
  static override args = {
    domain: Args.string({ description: 'a domain under keys.dkim', required: true, ignoreStdin: true }),
    selector: Args.string({ description: 'the selector that signs', required: true, ignoreStdin: true }),
  };
  static override flags = {
    'key-file': Flags.string({
      summary: 'its private key, in PEM without a passphrase',
      helpValue: 'FILE',
      required: true,
    }),
  };
  static override exitCodes = [
    ExitCode.done,
    ExitCode.failure,
    ExitCode.usage,
    ExitCode.incomplete,
    ExitCode.refused,
    ExitCode.interrupted,
  ];
  static override result = async () => (await import('../../../lib/key/dkim/results.ts')).keyDkimAdoptResult;

  async run(): Promise<KeyDkimAdoptResult> {
    const { dkimContext } = await import('../../../lib/cli/key-dkim.ts');
    const { adoptSelector } = await import('../../../lib/key/dkim/index.ts');
    const { domain, selector } = this.args;
    const keyFile = resolve(this.flags['key-file']);
    const observation = await adoptSelector(await dkimContext(await this.context()), {
      domain,
      selector,
      keyFile,
    });
    this.say(`${observation.name} is known as signing, with the key in ${keyFile}`);
    return { domain, selector, keyFile, adopted: true };
  }
}
