import { Flags } from '@oclif/core';
import type { z } from 'zod';
import { ExitCode } from '../../lib/base/exit-code.ts';
import { BaseCommand } from '../../lib/cli/base-command.ts';
import { tableFlags } from '../../lib/cli/flags.ts';
import type { operatorListResult } from '../../lib/operation/result.ts';

export default class OperatorList extends BaseCommand<typeof OperatorList> {
  static override summary = 'list who may author and approve plans';
  static override description =
    'Fingerprints are what the audit log and the signatures name. Somebody who was revoked stays on record: --all shows them.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --all',
  ];
  static override flags = { ...tableFlags, all: Flags.boolean({ summary: 'also those who were revoked' }) };
  static override exitCodes = [ExitCode.done, ExitCode.failure, ExitCode.usage];
  static override result = async () => (await import('../../lib/operation/result.ts')).operatorListResult;

  async run(): Promise<z.infer<typeof operatorListResult>> {
    const { checkedState } = await import('../../lib/cli/checked-state.ts');
    const { isActive, listOperators } = await import('../../lib/operation/operator-store.ts');
    const state = await checkedState(await this.context());
    const known = await listOperators(state);
    const operators = known
      .filter((operator) => this.flags.all || isActive(operator))
      .map(({ fingerprint, name, enrolledAt, revokedAt, revokeReason }) => ({
        fingerprint,
        name,
        enrolledAt,
        revokedAt,
        revokeReason,
      }));
    await this.printTable(
      operators,
      [
        { header: 'fingerprint', value: ({ fingerprint }) => fingerprint },
        { header: 'name', value: ({ name }) => name },
        { header: 'enrolled', value: ({ enrolledAt }) => enrolledAt },
        { header: 'revoked', value: ({ revokedAt }) => revokedAt ?? undefined },
        { header: 'reason', value: ({ revokeReason }) => revokeReason ?? undefined },
      ],
      'nobody is enrolled; the first one is by `postern operator enroll --key FILE`',
    );
    return { operators };
  }
}
