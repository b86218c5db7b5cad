import { Args, Flags } from '@oclif/core';
import { ExitCode } from '../../lib/base/exit-code.ts';
import { BaseCommand } from '../../lib/cli/base-command.ts';
import { confirmFlag, dryRunFlag, yesFlag } from '../../lib/cli/flags.ts';
import { throttleFlags } from '../../lib/cli/throttle-flags.ts';
import type { KeyAdoptResult } from '../../lib/key/adopt/results.ts';

export default class KeyAdopt extends BaseCommand<typeof KeyAdopt> {
  static override summary = 'encrypt a column that is in clear, or by pgcrypto, while applications go on';
  static override description =
    'Builds a plan with a forecast and, where the profile asks for no approval, applies it: every value of the column that the data map names as `from` is encrypted into the encrypted column of the same row, and then all are opened and compared. A row is written only where it is still the one that was read. Applications write both columns meanwhile; the one in clear decides. Later, --finish compares all once more and empties the column in clear. What cannot be encrypted stays as it is, in quarantine (exit 7). Killed or interrupted, `plan apply ID` goes on.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> mail.accounts.legacy_token --dry-run',
    '<%= config.bin %> <%= command.id %> mail.accounts.legacy_token --finish --window 7d --plan-only',
    '<%= config.bin %> <%= command.id %> mail.oauth_tokens.refresh_token_enc --in-place --yes',
  ];
  static override args = {
    column: Args.string({
      description: 'schema.table.column: the encrypted one, or the one in clear',
      required: true,
      ignoreStdin: true,
    }),
  };
  static override flags = {
    ...dryRunFlag,
    ...yesFlag,
    ...confirmFlag,
    'plan-only': Flags.boolean({ summary: 'stop after the plan', exclusive: ['dry-run'] }),
    'in-place': Flags.boolean({
      summary:
        'encrypt what stands in clear in the encrypted column itself; whatever is not in the format is',
      exclusive: ['finish'],
    }),
    'make-keys': Flags.string({
      summary: 'make a data key, wrapped by this KMS key, for subjects that have none',
      helpValue: 'KEY',
      exclusive: ['finish'],
    }),
    finish: Flags.boolean({
      summary: 'empty the column in clear where the encrypted value opens to the same',
    }),
    window: Flags.string({
      summary: 'with --finish: how long ago the values must have been adopted, or 0',
      helpValue: 'DURATION',
      default: '24h',
    }),
    workers: Flags.integer({ summary: 'values at work at once, in sessions', min: 1, max: 32, default: 2 }),
    'batch-size': Flags.integer({ summary: 'values in one statement', min: 1, max: 10_000, default: 1000 }),
    ...throttleFlags,
  };
  static override exitCodes = [0, 1, 2, 5, 6, 7, 11, 130] as const;
  static override result = async () => (await import('../../lib/key/adopt/results.ts')).keyAdoptResult;

  async run(): Promise<KeyAdoptResult> {
    const { adoptContext, adoptOptions, forecastLines, outcomeLines } = await import(
      '../../lib/cli/key-adopt.ts'
    );
    const { planModeOf } = await import('../../lib/cli/report-submitted.ts');
    const { submitPlan } = await import('../../lib/cli/submit-plan.ts');
    const { adoptOutcome, keyAdopt, keyAdoptFinish, planAdopt } = await import(
      '../../lib/key/adopt/index.ts'
    );
    const context = await this.context();
    const options = adoptOptions(this.args.column, this.flags);
    const operation = await adoptContext(context, options);
    const planned = await planAdopt(operation, options);
    for (const warning of planned.warnings) this.addWarning(warning);
    for (const line of forecastLines(planned)) this.say(line);
    const kind = this.flags.finish ? keyAdoptFinish : keyAdopt;
    const { plan } = planned;
    const mode = planModeOf(this.flags);
    const submitted =
      plan && (await submitPlan(context, { operation, kind, plan, mode, asking: this.asking() }));
    const result = await adoptOutcome(operation, planned, submitted);
    for (const line of outcomeLines(result)) this.print(line);
    if (result.outcome === 'awaiting approval') this.endWith(ExitCode.refused);
    return result;
  }
}
