import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../../../lib/cli/base-command.ts';
import { dryRunFlag, yesFlag } from '../../../lib/cli/flags.ts';
import type { KeyRotateOpenpgpResult } from '../../../lib/key/openpgp/results.ts';

const file = { helpValue: 'FILE' };
/** Where the secret key is. */
const here = { dependsOn: ['secret-key'] };

export default class KeyRotateOpenpgp extends BaseCommand<typeof KeyRotateOpenpgp> {
  static override summary = 'give a backup recipient a new encryption subkey, or a key a later end';
  static override description =
    'Makes the subkey beside the old ones, proves that the new secret key opens what backups encrypt for it and all that the old one opened, replaces the secret key file, and writes the public key files that the configuration names. Old backup sets stay open. Where the secret key is on another host, --public-out there writes the public half without any configuration, and --import publishes it here. A signer gets no subkey: --extend-only moves its end.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> --secret-key keys/backup-operations.sec.asc --passphrase-file pass.txt --dry-run',
    '<%= config.bin %> <%= command.id %> --secret-key backup-offline.sec.asc --public-out backup-offline.pub.asc --yes',
    '<%= config.bin %> <%= command.id %> --import backup-offline.pub.asc --yes',
    '<%= config.bin %> <%= command.id %> --secret-key keys/backup-signer.sec.asc --extend-only --expires 365d',
  ];
  static override args = {
    key: Args.string({
      description: 'the fingerprint that the key must have, or a file with its public half',
      ignoreStdin: true,
    }),
  };
  static override flags = {
    ...dryRunFlag,
    ...yesFlag,
    'secret-key': Flags.string({ summary: 'the file of the secret key', ...file, exclusive: ['import'] }),
    'passphrase-file': Flags.string({
      summary: 'a file with its passphrase; the configured one unless given',
      ...file,
      ...here,
    }),
    expires: Flags.string({
      summary:
        'when what is new ends; unless given, by keys.cryptoperiods, and never for a key without an end',
      helpValue: '730d',
      ...here,
    }),
    'extend-only': Flags.boolean({ summary: 'a later end, and no new subkey', ...here }),
    'keep-old': Flags.boolean({ summary: 'keep the replaced secret key file as FILE.old-DATE', ...here }),
    import: Flags.string({ summary: 'publish what was made elsewhere', ...file }),
    'public-out': Flags.string({
      summary: 'rotate here, without a plan, and write the public half for --import',
      ...file,
      ...here,
      exclusive: ['plan-only'],
    }),
    'plan-only': Flags.boolean({ summary: 'stop after the plan', exclusive: ['dry-run'] }),
  };
  static override exitCodes = [0, 1, 2, 5, 6, 7, 11, 130] as const;
  static override result = async () =>
    (await import('../../../lib/key/openpgp/results.ts')).keyRotateOpenpgpResult;

  async run(): Promise<KeyRotateOpenpgpResult> {
    const { rotateByFlags } = await import('../../../lib/cli/key-openpgp-rotate.ts');
    const { openpgpLines } = await import('../../../lib/cli/key-openpgp-text.ts');
    const { 'public-out': out } = this.flags;
    const result =
      out === undefined
        ? await this.rotateByPlan()
        : await rotateByFlags({ ...this.flags, 'public-out': out }, this.args.key, this.asking());
    for (const line of openpgpLines(result)) this.print(line);
    return result;
  }

  private async rotateByPlan(): Promise<KeyRotateOpenpgpResult> {
    const { submitByFlags } = await import('../../../lib/cli/key-openpgp-rotate.ts');
    const { reportSubmitted } = await import('../../../lib/cli/report-submitted.ts');
    const context = await this.context();
    const { submitted, key } = await submitByFlags(context, this.flags, this.args.key, this.asking());
    const report = reportSubmitted(submitted, {
      print: (line) => this.print(line),
      endWith: (code) => this.endWith(code),
    });
    return { ...report, ...key };
  }
}
