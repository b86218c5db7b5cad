import { Args, Flags } from '@oclif/core';
import { ExitCode } from '../../lib/base/exit-code.ts';
import { BaseCommand } from '../../lib/cli/base-command.ts';
import { dryRunFlag, yesFlag } from '../../lib/cli/flags.ts';
import type { KeyRetireResult } from '../../lib/key/destroy/results.ts';

export default class KeyRetire extends BaseCommand<typeof KeyRetire> {
  static override summary = 'disable a KMS key that nothing needs any more';
  static override description =
    'Looks at what may still need the key, rule by rule: data keys of every keyring, counted twice, values in quarantine or under unknown keys, backups, the configuration, aliases and grants. Where one is not met, or cannot be looked at, nothing is done. Disabled, a key can be enabled again by --undo; from here on runs the time that `key destroy` asks for. The plan is applied where the profile asks for no approval.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> arn:aws:kms:eu-central-1:111122223333:key/1234 --dry-run',
    '<%= config.bin %> <%= command.id %> arn:aws:kms:eu-central-1:111122223333:key/1234 --yes',
    '<%= config.bin %> <%= command.id %> arn:aws:kms:eu-central-1:111122223333:key/1234 --undo',
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
    ...yesFlag,
    'plan-only': Flags.boolean({ summary: 'stop after the plan', exclusive: ['dry-run'] }),
    'writer-cache': Flags.string({
      summary: 'how long applications remember which key wraps, or 0: data keys are counted again after it',
      helpValue: 'DURATION',
      default: '5m',
    }),
    undo: Flags.boolean({ summary: 'enable a retired key again', exclusive: ['dry-run', 'plan-only'] }),
  };
  static override exitCodes = [0, 1, 2, 4, 5, 6, 7, 11, 130] as const;
  static override result = async () => (await import('../../lib/key/destroy/results.ts')).keyRetireResult;

  async run(): Promise<KeyRetireResult> {
    const { destroyContext } = await import('../../lib/cli/key-destroy-context.ts');
    const text = await import('../../lib/cli/key-destroy.ts');
    const { planModeOf } = await import('../../lib/cli/report-submitted.ts');
    const { submitPlan } = await import('../../lib/cli/submit-plan.ts');
    const { assessRetire, keyRetire, planKeyRetire } = await import('../../lib/key/destroy/index.ts');
    const context = await this.context();
    const operation = await destroyContext(context);
    if (this.flags.undo) {
      const key = await text.enableAgain(context, operation, this.args.key, this.asking());
      this.print(`${key} is enabled`);
      return { key, rules: [], isUnneeded: null, planId: null, outcome: 'applied', certificateId: null };
    }
    const assessed = await assessRetire(operation, text.retireOptions(this.args.key, this.flags));
    for (const line of text.ruleLines(assessed)) this.print(line);
    const mode = planModeOf(this.flags);
    const refusal = mode === 'dry-run' ? text.refusalOf(assessed) : undefined;
    const submitted =
      refusal === undefined
        ? await submitPlan(context, {
            operation,
            kind: keyRetire,
            plan: await planKeyRetire(operation, assessed),
            mode,
            asking: this.asking(),
          })
        : undefined;
    const certificateId = submitted?.applied?.certificateId ?? null;
    const result = { ...text.endResult(assessed, submitted), certificateId };
    this.print(text.endingLine(result, certificateId));
    if (refusal !== undefined) this.endWith(refusal);
    if (result.outcome === 'awaiting approval') this.endWith(ExitCode.refused);
    return result;
  }
}
