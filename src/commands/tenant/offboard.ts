import { Args, Flags } from '@oclif/core';
import { ExitCode } from '../../lib/base/exit-code.ts';
import { BaseCommand } from '../../lib/cli/base-command.ts';
import { confirmFlag, dryRunFlag, tableFlags } from '../../lib/cli/flags.ts';
import { returnFlags } from '../../lib/cli/tenant-flags.ts';
import type { TenantOffboardResult } from '../../lib/subject/offboard/results.ts';

export default class TenantOffboard extends BaseCommand<typeof TenantOffboard> {
  static override summary = 'let a tenant go: its thirty days on record, its data returned, deleted';
  static override description =
    'Enters into the register when the contract ended; from that day, all personal data has to be deleted or returned within thirty days. With --return, writes all that the tenant has into an archive for its controller, encrypted and read back before it gets its name, without secrets and keys (exit 4 where something could not be had). With --delete, plans and applies the deletion of every row and object of the tenant, whoever they are about, by the tenant columns of the data map and by what rows belong to. What a law keeps and what is on hold stays and is itemised. What is left is counted anew at the end (exit 3 where it is more than the plan keeps), restores of older backups delete it again, and a certificate says what was deleted, what is kept by which law until when, and whether it was in time. It cannot be undone.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> 12 --ended 2026-11-01 --reason "notice of 2026-08-01"',
    '<%= config.bin %> <%= command.id %> 12 --return --reason "notice of 2026-08-01" --out 12.zip --recipient controller.asc',
    '<%= config.bin %> <%= command.id %> 12 --delete --reason "notice of 2026-08-01" --dry-run',
    '<%= config.bin %> <%= command.id %> 12 --delete --reason "notice of 2026-08-01" --confirm mail',
  ];
  static override args = {
    tenant: Args.string({
      description: 'what stands in the tenant columns',
      required: true,
      ignoreStdin: true,
    }),
  };
  static override flags = {
    ...tableFlags,
    ...dryRunFlag,
    ...confirmFlag,
    ...returnFlags,
    'plan-only': Flags.boolean({
      summary: 'stop after the plan',
      exclusive: ['dry-run'],
      dependsOn: ['delete'],
    }),
    delete: Flags.boolean({ summary: 'delete all that the tenant has' }),
    ended: Flags.string({
      summary: 'the day on which the contract ended; once in the register it need not be given again',
      helpValue: 'DAY',
    }),
    reason: Flags.string({
      summary: 'why, for the register, the plan and the certificate; name no person',
      helpValue: 'TEXT',
      required: true,
    }),
  };
  static override exitCodes = [0, 1, 2, 3, 4, 5, 6, 7, 11, 130] as const;
  static override result = async () =>
    (await import('../../lib/subject/offboard/results.ts')).tenantOffboardResult;

  async run(): Promise<TenantOffboardResult> {
    const lib = await import('../../lib/cli/tenant-offboard.ts');
    const { offboardTenant } = await import('../../lib/cli/tenant-run.ts');
    const { tenant } = this.args;
    const result = await offboardTenant(
      await this.context(),
      { ...this.flags, tenant, asking: this.asking(), tool: `postern ${this.config.version}` },
      async (found) => {
        await this.printTable(found.rows, lib.deletionColumns, 'nothing is the tenant’s');
        for (const line of lib.deletionLines(found)) this.say(line);
      },
    );
    const { deletion, offboarding, returned } = result;
    if (returned !== null) {
      const { returnedLines } = await import('../../lib/cli/tenant-return.ts');
      for (const line of returnedLines(returned)) this.say(line);
      if (returned.missing.length > 0) this.endWith(ExitCode.incomplete);
    }
    for (const line of deletion === null ? [] : lib.deletedLines(deletion)) this.say(line);
    if (offboarding !== null) this.say(lib.clockLine(offboarding));
    if (deletion !== null) this.endWith(lib.deletionExitCode(deletion));
    return result;
  }
}
