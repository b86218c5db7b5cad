import { Flags } from '@oclif/core';
import type { z } from 'zod';
import { ExitCode } from '../../../lib/base/exit-code.ts';
import { BaseCommand } from '../../../lib/cli/base-command.ts';
import { dryRunFlag } from '../../../lib/cli/flags.ts';
import type { certificateKeysResult } from '../../../lib/operation/result.ts';

export default class CertificateKeysInit extends BaseCommand<typeof CertificateKeysInit> {
  static override summary = 'make an Ed25519 key pair that signs certificates';
  static override description =
    'The secret half stays on the host that applies plans, readable by its owner only; the public half goes to whoever is to verify. An existing key is never overwritten.';
  static override examples = ['<%= config.bin %> <%= command.id %> --directory /etc/postern/keys'];
  static override flags = {
    ...dryRunFlag,
    directory: Flags.string({ summary: 'where the two files go', helpValue: 'DIR', required: true }),
  };
  static override exitCodes = [ExitCode.done, ExitCode.failure, ExitCode.usage, ExitCode.refused];
  static override result = async () =>
    (await import('../../../lib/operation/result.ts')).certificateKeysResult;

  async run(): Promise<z.infer<typeof certificateKeysResult>> {
    const { certificateKeyFiles, makeCertificateKeys } = await import(
      '../../../lib/operation/certificate-keys.ts'
    );
    const made = this.flags['dry-run']
      ? { keyId: null, ...(await certificateKeyFiles(this.flags.directory)) }
      : await makeCertificateKeys(this.flags.directory);
    this.print(`secret key  ${made.secretKeyFile}`);
    this.print(`public key  ${made.publicKeyFile}`);
    if (made.keyId !== null) this.print(`key id      ${made.keyId}`);
    this.say('name them in the profile as certificates.signer.key and under certificates.trust');
    return made;
  }
}
