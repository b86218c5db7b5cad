import { Args, Flags } from '@oclif/core';
import { ExitCode } from '../../../lib/base/exit-code.ts';
import { BaseCommand } from '../../../lib/cli/base-command.ts';
import { dryRunFlag, yesFlag } from '../../../lib/cli/flags.ts';
import type { KeyRotateKekResult } from '../../../lib/key/kek/results.ts';

export default class KeyRotateKek extends BaseCommand<typeof KeyRotateKek> {
  static override summary = 'replace what wraps the data keys of a keyring';
  static override description =
    'Gives the KMS key new material, waits until it is in use, and wraps every data key anew inside the service; with --to, another KMS key takes over. Each wrapped key is opened and compared before it is written, and written only where the row still holds what was read. No encrypted value is touched, and none is safer afterwards from somebody who knows a data key: that takes `key reencrypt`. The plan is applied where the profile asks for no approval. Killed or interrupted, `plan apply ID` goes on.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> --dry-run',
    '<%= config.bin %> <%= command.id %> --yes',
    '<%= config.bin %> <%= command.id %> mail.subject_keys --to arn:aws:kms:eu-central-1:111122223333:key/1234 --move-alias alias/mail-columns --max-kms-rps 200',
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
    to: Flags.string({ summary: 'id or ARN of the KMS key that takes over', helpValue: 'KEY' }),
    'move-alias': Flags.string({
      summary: 'point this alias of the writers to the new key first',
      helpValue: 'alias/NAME',
      dependsOn: ['to'],
    }),
    'batch-size': Flags.integer({ summary: 'data keys in one statement', min: 1, max: 1000, default: 100 }),
    'max-kms-rps': Flags.integer({
      summary: 'requests to the KMS a second at most; AWS shares one quota among all callers of an account',
      min: 1,
      helpValue: 'N',
    }),
  };
  static override exitCodes = [0, 1, 2, 5, 6, 7, 11, 130] as const;
  static override result = async () => (await import('../../../lib/key/kek/results.ts')).keyRotateKekResult;

  async run(): Promise<KeyRotateKekResult> {
    const { keyContext } = await import('../../../lib/cli/key-context.ts');
    const { kekForecastLines, kekLines, kekOptions } = await import('../../../lib/cli/key-rotate-kek.ts');
    const { planModeOf } = await import('../../../lib/cli/report-submitted.ts');
    const { submitPlan } = await import('../../../lib/cli/submit-plan.ts');
    const { kekOutcome, planKekRotation, rotateKek } = await import('../../../lib/key/kek/index.ts');
    const context = await this.context();
    const options = kekOptions(this.args.keyring, this.flags);
    const operation = await keyContext(context, options);
    const planned = await planKekRotation(operation, options);
    for (const line of kekForecastLines(planned)) this.say(line);
    for (const warning of planned.warnings) this.addWarning(warning);
    const submitted = await submitPlan(context, {
      operation,
      kind: rotateKek,
      plan: planned.plan,
      mode: planModeOf(this.flags),
      asking: this.asking(),
    });
    const result = await kekOutcome(operation, planned, submitted);
    for (const line of kekLines(result)) this.print(line);
    if (result.outcome === 'awaiting approval') this.endWith(ExitCode.refused);
    return result;
  }
}
