import { Flags } from '@oclif/core';
import type { VerifyOutput } from '../../lib/audit/result.ts';
import { ExitCode } from '../../lib/base/exit-code.ts';
import { BaseCommand } from '../../lib/cli/base-command.ts';
import { tableFlags } from '../../lib/cli/flags.ts';
import { watchFlags } from '../../lib/cli/watch/watch-flags.ts';

export default class AuditVerify extends BaseCommand<typeof AuditVerify> {
  static override summary = 'check that the audit log is whole';
  static override description =
    'Recomputes every hash. A log that was cut at its end is seen only against an anchor: keep the head that this prints somewhere else.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --json > anchor.json',
    '<%= config.bin %> <%= command.id %> --anchor anchor.json',
  ];
  static override flags = {
    ...tableFlags,
    ...watchFlags,
    anchor: Flags.string({
      summary: 'an earlier head: SEQ:HASH, or a file with one',
      helpValue: 'FILE|SEQ:HASH',
    }),
  };
  static override exitCodes = [ExitCode.done, ExitCode.failure, ExitCode.usage, ExitCode.integrity];
  static override result = async () => (await import('../../lib/audit/result.ts')).verifyResult;

  async run(): Promise<VerifyOutput> {
    const { checkedState } = await import('../../lib/cli/checked-state.ts');
    const { readAnchor } = await import('../../lib/audit/read-anchor.ts');
    const { verifyAudit } = await import('../../lib/audit/verify.ts');
    const anchor = this.flags.anchor === undefined ? undefined : await readAnchor(this.flags.anchor);
    const state = await checkedState(await this.context());
    const { entries, head, findings, findingCount } = await verifyAudit(
      state,
      anchor === undefined ? {} : { anchor },
    );
    await this.printTable(
      findings,
      [
        { header: 'seq', value: ({ seq }) => seq, align: 'right' },
        { header: 'problem', value: ({ problem }) => problem },
        { header: 'why', value: ({ explanation }) => explanation },
      ],
      `the log is whole: ${entries} entries`,
    );
    if (findingCount > findings.length) this.say(`and ${findingCount - findings.length} more findings`);
    if (head !== undefined && findingCount === 0) this.print(`head ${head.seq}:${head.hash}`);
    this.endWith(findingCount === 0 ? ExitCode.done : ExitCode.integrity);
    return { entries, head: head ?? null, findings: [...findings], findingCount };
  }
}
