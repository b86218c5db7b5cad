import { Args, Flags } from '@oclif/core';
import { ExitCode } from '../../lib/base/exit-code.ts';
import { BaseCommand } from '../../lib/cli/base-command.ts';
import { dryRunFlag } from '../../lib/cli/flags.ts';
import type { KeyDestroyResult } from '../../lib/key/destroy/results.ts';

export default class KeyDestroy extends BaseCommand<typeof KeyDestroy> {
  static override summary = 'destroy a retired KMS key after a waiting time, once nothing can need it';
  static override description =
    "Proves, rule by rule, that nothing needs the key: what `key retire` looks at, and that a set from after the last data key's move has passed a drill, that the key has been disabled and not used for the time of --soak. Where one rule is not met, or cannot be looked at, nothing is done. Otherwise the plan is made, which two operators besides its author must approve, whatever the profile says. `plan apply` proves every rule anew, and tells the service to destroy the key after the waiting days; until then `key undestroy` takes it back, afterwards nothing does. The proof is certified.";
  static override examples = [
    '<%= config.bin %> <%= command.id %> arn:aws:kms:eu-central-1:111122223333:key/1234 --dry-run',
    '<%= config.bin %> <%= command.id %> arn:aws:kms:eu-central-1:111122223333:key/1234 --waiting-days 30',
  ];
  static override args = {
    key: Args.string({
      description: 'id or ARN of the KMS key, or its id or name as `key list` has it',
      required: true,
      ignoreStdin: true,
    }),
  };
  static override flags = {
    ...dryRunFlag,
    'plan-only': Flags.boolean({ summary: 'stop after the plan', exclusive: ['dry-run'] }),
    'waiting-days': Flags.integer({
      summary: 'until the service destroys it',
      min: 7,
      max: 30,
      default: 30,
      helpValue: 'N',
    }),
    soak: Flags.string({
      summary: 'for how long the key must have been disabled, and not used; longer than 0',
      helpValue: 'DURATION',
      default: '7d',
    }),
    'writer-cache': Flags.string({
      summary: 'how long applications remember which key wraps, or 0: data keys are counted again after it',
      helpValue: 'DURATION',
      default: '5m',
    }),
  };
  static override exitCodes = [0, 1, 2, 4, 6, 130] as const;
  static override result = async () => (await import('../../lib/key/destroy/results.ts')).keyDestroyResult;

  async run(): Promise<KeyDestroyResult> {
    const { destroyContext } = await import('../../lib/cli/key-destroy-context.ts');
    const text = await import('../../lib/cli/key-destroy.ts');
    const { planModeOf } = await import('../../lib/cli/report-submitted.ts');
    const { submitPlan } = await import('../../lib/cli/submit-plan.ts');
    const { assessDestroy, keyDestroy, planKeyDestroy } = await import('../../lib/key/destroy/index.ts');
    const context = await this.context();
    const operation = await destroyContext(context);
    const assessed = await assessDestroy(operation, text.destroyOptions(this.args.key, this.flags));
    for (const line of text.ruleLines(assessed)) this.print(line);
    const mode = planModeOf(this.flags);
    const refusal = mode === 'dry-run' ? text.refusalOf(assessed) : undefined;
    const submitted =
      refusal === undefined
        ? await submitPlan(context, {
            operation,
            kind: keyDestroy,
            plan: await planKeyDestroy(operation, assessed),
            mode,
            asking: this.asking(),
          })
        : undefined;
    const result = { ...text.endResult(assessed, submitted), waitingDays: this.flags['waiting-days'] };
    this.print(text.endingLine(result));
    if (refusal !== undefined) this.endWith(refusal);
    if (result.outcome === 'awaiting approval') this.endWith(ExitCode.refused);
    return result;
  }
}
