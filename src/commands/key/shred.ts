import { Args, Flags } from '@oclif/core';
import { ExitCode } from '../../lib/base/exit-code.ts';
import { BaseCommand } from '../../lib/cli/base-command.ts';
import { confirmFlag, dryRunFlag } from '../../lib/cli/flags.ts';
import type { KeyShredResult } from '../../lib/key/shred/results.ts';

export default class KeyShred extends BaseCommand<typeof KeyShred> {
  static override summary = "destroy a subject's data key, so that nobody can read what is under it";
  static override description =
    "Builds a plan and, where the profile asks for no approval, applies it once the name of the database was typed. Every version of the subject's wrapped key is emptied; its values stay as bytes that nobody can open. The erasure ledger is written first, so that `backup restore` and `backup drill` repeat the shred in older backups. Tells until when a backup may hold a copy of the wrapped key. It cannot be undone.";
  static override examples = [
    '<%= config.bin %> <%= command.id %> 4711 --reason "request 2026-17" --dry-run',
    '<%= config.bin %> <%= command.id %> 4711 --reason "request 2026-17" --plan-only',
    '<%= config.bin %> <%= command.id %> - --reason "request 2026-17" --plan-only < subject.txt',
    '<%= config.bin %> <%= command.id %> 4711 --keyring mail.subject_keys --reason "request 2026-17" --confirm mail',
  ];
  static override args = {
    subject: Args.string({
      description: "whose key it is, as the keyring's subject column has it; - reads it from standard input",
      required: true,
      ignoreStdin: true,
    }),
  };
  static override flags = {
    ...dryRunFlag,
    ...confirmFlag,
    'plan-only': Flags.boolean({ summary: 'stop after the plan', exclusive: ['dry-run'] }),
    keyring: Flags.string({
      summary: 'schema.table of the keyring; the only one of the data map unless given',
      helpValue: 'TABLE',
    }),
    reason: Flags.string({
      summary: 'why, for the plan and the certificate; name no person',
      helpValue: 'TEXT',
      required: true,
    }),
  };
  static override exitCodes = [0, 1, 2, 5, 6, 7, 11, 130] as const;
  static override result = async () => (await import('../../lib/key/shred/results.ts')).keyShredResult;

  async run(): Promise<KeyShredResult> {
    const { keyContext } = await import('../../lib/cli/key-context.ts');
    const { shredLines, shredOptions, shredResult } = await import('../../lib/cli/key-shred.ts');
    const { planModeOf } = await import('../../lib/cli/report-submitted.ts');
    const { submitPlan } = await import('../../lib/cli/submit-plan.ts');
    const { keyShred, planShred } = await import('../../lib/key/shred/index.ts');
    const context = await this.context();
    const operation = await keyContext(context);
    const planned = await planShred(operation, await shredOptions(this.args.subject, this.flags));
    for (const line of shredLines(planned)) this.say(line);
    for (const warning of planned.warnings) this.addWarning(warning);
    const submitted = await submitPlan(context, {
      operation,
      kind: keyShred,
      plan: planned.plan,
      mode: planModeOf(this.flags),
      asking: this.asking(),
    });
    const result = shredResult(planned, submitted);
    const shown = {
      applied: `shredded; certificate ${result.certificateId ?? 'none'}`,
      'not stored': 'not stored',
    };
    this.print(shown[result.outcome as 'applied'] ?? `${result.outcome}: plan ${result.planId}`);
    if (result.outcome === 'awaiting approval') this.endWith(ExitCode.refused);
    return result;
  }
}
