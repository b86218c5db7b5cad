import { resolve } from 'node:path';
import { Flags } from '@oclif/core';
import type { BackupKeysInitResult } from '../../../lib/backup/results.ts';
import { BaseCommand } from '../../../lib/cli/base-command.ts';

export default class BackupKeysInit extends BaseCommand<typeof BackupKeysInit> {
  static override summary = 'make the keys of the backups: two recipients and a signer';
  static override description =
    'Makes OpenPGP keys that every gpg reads: `operations` and `offline` open the sets, `signer` signs them. Says where each secret half belongs; nothing is ever written over.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> --directory keys --name "Example Mail" --email security@example.org',
    '<%= config.bin %> <%= command.id %> --directory keys --email security@example.org --passphrase-file pass.txt',
  ];
  static override flags = {
    directory: Flags.string({ summary: 'where the files go', required: true, helpValue: 'DIR' }),
    name: Flags.string({ summary: 'whose keys they are', default: 'postern', helpValue: 'NAME' }),
    email: Flags.string({ summary: 'the address in the keys', required: true, helpValue: 'ADDRESS' }),
    'passphrase-file': Flags.string({
      summary: "a file with the passphrase that seals the recipients' secret halves",
      exclusive: ['no-passphrase'],
      helpValue: 'FILE',
    }),
    'no-passphrase': Flags.boolean({ summary: "leave the recipients' secret halves unsealed" }),
  };
  static override exitCodes = [0, 1, 2, 130] as const;
  static override result = async () => (await import('../../../lib/backup/results.ts')).backupKeysInitResult;

  async run(): Promise<BackupKeysInitResult> {
    const { newPassphrase } = await import('../../../lib/cli/passphrase.ts');
    const { initBackupKeys } = await import('../../../lib/backup/init-keys.ts');
    const passphrase = await newPassphrase('passphrase for the secret halves of the recipients', {
      file: this.flags['passphrase-file'],
      none: this.flags['no-passphrase'],
      asking: this.asking(),
    });
    const result = await initBackupKeys({
      directory: resolve(this.flags.directory),
      name: this.flags.name,
      email: this.flags.email,
      passphrase,
      now: new Date(),
    });
    for (const { role, fingerprint, publicFile, secretFile, belongs } of result.keys) {
      this.print(`${role}  ${fingerprint}`);
      this.print(`  public  ${publicFile}`);
      this.print(`  secret  ${secretFile}`);
      this.print(`          belongs ${belongs}\n`);
    }
    this.say(
      'put the public files under backup.recipients and backup.trusted_signers, and the signer under backup.signer',
    );
    return result;
  }
}
