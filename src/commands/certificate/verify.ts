import { access } from 'node:fs/promises';
import { Args, Flags } from '@oclif/core';
import type { z } from 'zod';
import { ExitCode } from '../../lib/base/exit-code.ts';
import { BaseCommand } from '../../lib/cli/base-command.ts';
import type { certificateVerifyResult } from '../../lib/operation/result.ts';

export default class CertificateVerify extends BaseCommand<typeof CertificateVerify> {
  static override summary = 'check who signed a certificate, offline';
  static override description =
    'A file with --key needs no configuration, no database and no network. Without --key, the keys under certificates.trust are believed. docs/formats/certificate.md shows how to do the same with openssl and jq.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> certificate.json --key certificate-signing.pub.pem',
    '<%= config.bin %> <%= command.id %> 9c1b47aa02fe',
  ];
  static override args = {
    certificate: Args.string({
      description: 'a file, or the id of a certificate in the state database',
      required: true,
      ignoreStdin: true,
    }),
  };
  static override flags = {
    key: Flags.string({
      summary: 'a public key to believe (PEM); may be given several times',
      helpValue: 'FILE',
      multiple: true,
      multipleNonGreedy: true,
    }),
  };
  static override exitCodes = [ExitCode.done, ExitCode.failure, ExitCode.usage, ExitCode.integrity];
  static override result = async () =>
    (await import('../../lib/operation/result.ts')).certificateVerifyResult;

  async run(): Promise<z.infer<typeof certificateVerifyResult>> {
    const { verifyCertificate } = await import('../../lib/operation/certificate.ts');
    const { certificateText } = await import('../../lib/cli/certificate-text.ts');
    const { id, statement, keyIds } = verifyCertificate(await this.text(), await this.trusted());
    this.print(certificateText(id, statement));
    this.print(`signed by   ${keyIds.join(', ')}`);
    const schema = await CertificateVerify.result();
    return schema.parse({ id, ...statement, keyIds });
  }

  private async text(): Promise<string> {
    const { certificate } = this.args;
    const isFile = await access(certificate).then(
      () => true,
      () => !/^[0-9a-f]{8,64}$/i.test(certificate),
    );
    const { readInput } = await import('../../lib/cli/plan-signature.ts');
    if (isFile) return (await readInput(certificate)).toString('utf8');
    const { checkedState } = await import('../../lib/cli/checked-state.ts');
    const { loadCertificate } = await import('../../lib/operation/certificate-store.ts');
    const state = await checkedState(await this.context());
    return loadCertificate(state, certificate);
  }

  private async trusted(): Promise<readonly string[]> {
    const { readInput } = await import('../../lib/cli/plan-signature.ts');
    if (this.flags.key !== undefined) {
      return Promise.all(this.flags.key.map(async (file) => (await readInput(file, 'key')).toString('utf8')));
    }
    const { trustedCertificateKeys } = await import('../../lib/cli/operation-context.ts');
    return trustedCertificateKeys(await this.context());
  }
}
