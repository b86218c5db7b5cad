import { Args, Flags } from '@oclif/core';
import type { z } from 'zod';
import { ExitCode } from '../../lib/base/exit-code.ts';
import { BaseCommand } from '../../lib/cli/base-command.ts';
import type { certificateShowResult } from '../../lib/operation/result.ts';

export default class CertificateShow extends BaseCommand<typeof CertificateShow> {
  static override summary = 'show what a certificate says';
  static override description =
    'Its signature is not asked for: `certificate verify` does that. --envelope writes the signed file, to hand on or to verify elsewhere.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> 9c1b47aa02fe',
    '<%= config.bin %> <%= command.id %> 9c1b47aa02fe --envelope > certificate.json',
  ];
  static override args = {
    id: Args.string({
      description: 'the id of the certificate or of its plan, or its first digits',
      required: true,
      ignoreStdin: true,
    }),
  };
  static override flags = {
    envelope: Flags.boolean({ summary: 'the signed envelope alone', exclusive: ['json'] }),
  };
  static override exitCodes = [ExitCode.done, ExitCode.failure, ExitCode.usage, ExitCode.integrity];
  static override result = async () => (await import('../../lib/operation/result.ts')).certificateShowResult;

  async run(): Promise<z.infer<typeof certificateShowResult>> {
    const { checkedState } = await import('../../lib/cli/checked-state.ts');
    const { readCertificate } = await import('../../lib/operation/certificate.ts');
    const { loadCertificate } = await import('../../lib/operation/certificate-store.ts');
    const { certificateText } = await import('../../lib/cli/certificate-text.ts');
    const state = await checkedState(await this.context());
    const text = await loadCertificate(state, this.args.id);
    const { id, statement, envelope } = readCertificate(text);
    if (this.flags.envelope) process.stdout.write(text);
    else this.print(certificateText(id, statement));
    const schema = await CertificateShow.result();
    return schema.parse({ id, ...statement, envelope });
  }
}
