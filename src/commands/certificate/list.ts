import { Flags } from '@oclif/core';
import type { z } from 'zod';
import { ExitCode } from '../../lib/base/exit-code.ts';
import { BaseCommand } from '../../lib/cli/base-command.ts';
import { tableFlags } from '../../lib/cli/flags.ts';
import type { certificateListResult } from '../../lib/operation/result.ts';

export default class CertificateList extends BaseCommand<typeof CertificateList> {
  static override summary = 'list the certificates in the state database, newest first';
  static override description =
    'Signatures are not looked at here; `certificate verify` does that, and `certificate show` tells what was done.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --output csv',
  ];
  static override flags = {
    ...tableFlags,
    limit: Flags.integer({ summary: 'the newest so many', min: 1, max: 100_000, default: 100 }),
  };
  static override exitCodes = [ExitCode.done, ExitCode.failure, ExitCode.usage];
  static override result = async () => (await import('../../lib/operation/result.ts')).certificateListResult;

  async run(): Promise<z.infer<typeof certificateListResult>> {
    const { checkedState } = await import('../../lib/cli/checked-state.ts');
    const { listCertificates } = await import('../../lib/operation/certificate-store.ts');
    const state = await checkedState(await this.context());
    const certificates = [...(await listCertificates(state, this.flags.limit))];
    await this.printTable(
      certificates,
      [
        { header: 'certificate', value: ({ id }) => id.slice(0, 12) },
        { header: 'says', value: ({ predicateType }) => predicateType },
        { header: 'plan', value: ({ planId }) => planId?.slice(0, 12) },
        { header: 'made', value: ({ createdAt }) => createdAt },
      ],
      'no certificates',
    );
    return { certificates };
  }
}
