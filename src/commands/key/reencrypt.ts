import { Args, Flags } from '@oclif/core';
import { ExitCode } from '../../lib/base/exit-code.ts';
import { BaseCommand } from '../../lib/cli/base-command.ts';
import { dryRunFlag, yesFlag } from '../../lib/cli/flags.ts';
import { reencryptFlags } from '../../lib/cli/reencrypt-flags.ts';
import type { KeyReencryptResult } from '../../lib/key/reencrypt/results.ts';

export default class KeyReencrypt extends BaseCommand<typeof KeyReencrypt> {
  static override summary = 'encrypt every value of a keyring again under new data keys';
  static override description =
    'Builds a plan with a forecast and, where the profile asks for no approval, applies it: a new data key for every subject, made active; every value decrypted, encrypted again and read back; and the old keys drained once no value names them. Applications go on meanwhile: a value is replaced only where it is still the one that was read. What cannot be encrypted again stays as it is, in quarantine, and the plan is not done before that is empty (exit 7). Killed or interrupted, `plan apply ID` goes on. This replaces data keys; what wraps them is replaced by `key rotate kek`.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> --dry-run',
    '<%= config.bin %> <%= command.id %> --active-keys --yes',
    '<%= config.bin %> <%= command.id %> mail.subject_keys --max-rows-per-second 2000 --plan-only',
  ];
  static override args = {
    keyring: Args.string({
      description: 'schema.table of the keyring; the only one of the data map unless given',
      ignoreStdin: true,
    }),
  };
  static override flags = {
    ...dryRunFlag,
    ...yesFlag,
    'plan-only': Flags.boolean({ summary: 'stop after the plan', exclusive: ['dry-run'] }),
    'active-keys': Flags.boolean({
      summary: 'make no new keys: move values to the active key of their subject',
    }),
    kek: Flags.string({
      summary: 'id or ARN of the KMS key that wraps the new data keys; that of the old ones unless given',
      helpValue: 'KEY',
      exclusive: ['active-keys'],
    }),
    ...reencryptFlags,
  };
  static override exitCodes = [0, 1, 2, 5, 6, 7, 11, 130] as const;
  static override result = async () =>
    (await import('../../lib/key/reencrypt/results.ts')).keyReencryptResult;

  async run(): Promise<KeyReencryptResult> {
    const { keyContext } = await import('../../lib/cli/key-context.ts');
    const { forecastLines, outcomeLines, reencryptOptions } = await import('../../lib/cli/key-reencrypt.ts');
    const { planModeOf } = await import('../../lib/cli/report-submitted.ts');
    const { submitPlan } = await import('../../lib/cli/submit-plan.ts');
    const { keyReencrypt, planReencrypt, reencryptOutcome } = await import(
      '../../lib/key/reencrypt/index.ts'
    );
    const context = await this.context();
    const options = reencryptOptions(this.args.keyring, this.flags);
    const operation = await keyContext(context, options);
    const planned = await planReencrypt(operation, options);
    for (const warning of planned.warnings) this.addWarning(warning);
    for (const line of forecastLines(planned)) this.say(line);
    const mode = planModeOf(this.flags);
    const submitted =
      planned.plan &&
      (await submitPlan(context, {
        operation,
        kind: keyReencrypt,
        plan: planned.plan,
        mode,
        asking: this.asking(),
      }));
    const result = await reencryptOutcome(operation, planned, submitted);
    for (const line of outcomeLines(result)) this.print(line);
    if (result.outcome === 'awaiting approval') this.endWith(ExitCode.refused);
    return result;
  }
}
