import { Args, Flags } from '@oclif/core';
import { ExitCode } from '../../../lib/base/exit-code.ts';
import { BaseCommand } from '../../../lib/cli/base-command.ts';
import { dryRunFlag, yesFlag } from '../../../lib/cli/flags.ts';
import { throttleFlags } from '../../../lib/cli/throttle-flags.ts';
import type { KeyRotateHmacResult } from '../../../lib/key/hmac/results.ts';

export default class KeyRotateHmac extends BaseCommand<typeof KeyRotateHmac> {
  static override summary = 'give blind indexes and pseudonyms another HMAC key';
  static override description =
    'Builds a plan with a forecast and, where the profile asks for no approval, applies it. A new version of the key is made, which applications write beside the active one; every value is hashed with it into the column of odd or of even versions, whichever the active one has not; all are hashed again and compared; and the new version becomes active. Look-ups and unique indexes hold all the while: both columns are there until, after a window, --finish compares once more, drains the old version and empties its column. A row is written only where it is still the one that was read. What cannot be hashed stays as it is, in quarantine (exit 7). Killed or interrupted, `plan apply ID` goes on.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> --dry-run',
    '<%= config.bin %> <%= command.id %> mail.index_keys --writer-cache 10m --yes',
    '<%= config.bin %> <%= command.id %> mail.index_keys --finish --window 7d --plan-only',
  ];
  static override args = {
    keyring: Args.string({
      description: 'schema.table of the keyring; the only one of HMAC keys in the data map unless given',
      ignoreStdin: true,
    }),
  };
  static override flags = {
    ...dryRunFlag,
    ...yesFlag,
    'plan-only': Flags.boolean({ summary: 'stop after the plan', exclusive: ['dry-run'] }),
    'active-key': Flags.boolean({
      summary:
        'make no new version: set the hashes of the active one right, and fill in those that are missing',
      exclusive: ['finish'],
    }),
    finish: Flags.boolean({ summary: 'drain the old version, and empty its column' }),
    window: Flags.string({
      summary: 'with --finish: how long ago the rotation must have ended, or 0',
      helpValue: 'DURATION',
      default: '7d',
    }),
    kek: Flags.string({
      summary:
        'id or ARN of the KMS key that wraps the new version; that of the active one unless given, which the first has not',
      helpValue: 'KEY',
      exclusive: ['active-key', 'finish'],
    }),
    workers: Flags.integer({ summary: 'values at work at once, in sessions', min: 1, max: 32, default: 2 }),
    'batch-size': Flags.integer({ summary: 'values in one statement', min: 1, max: 10_000, default: 1000 }),
    ...throttleFlags,
    'writer-cache': Flags.string({
      summary: 'how long applications keep versions of the key in memory, or 0; waited for at each change',
      helpValue: 'DURATION',
      default: '5m',
    }),
  };
  static override exitCodes = [0, 1, 2, 5, 6, 7, 11, 130] as const;
  static override result = async () => (await import('../../../lib/key/hmac/results.ts')).keyRotateHmacResult;

  async run(): Promise<KeyRotateHmacResult> {
    const { keyContext } = await import('../../../lib/cli/key-context.ts');
    const cli = await import('../../../lib/cli/key-rotate-hmac.ts');
    const { planModeOf } = await import('../../../lib/cli/report-submitted.ts');
    const { submitPlan } = await import('../../../lib/cli/submit-plan.ts');
    const { finishHmac, hmacOutcome, planHmac, rotateHmac } = await import('../../../lib/key/hmac/index.ts');
    const context = await this.context();
    const options = cli.hmacOptions(this.args.keyring, this.flags);
    const operation = await keyContext(context, options);
    const planned = await planHmac(operation, options);
    for (const warning of planned.warnings) this.addWarning(warning);
    for (const line of cli.hmacForecastLines(planned)) this.say(line);
    const kind = this.flags.finish ? finishHmac : rotateHmac;
    const { plan } = planned;
    const mode = planModeOf(this.flags);
    const submitted =
      plan && (await submitPlan(context, { operation, kind, plan, mode, asking: this.asking() }));
    const result = await hmacOutcome(operation, planned, submitted);
    for (const line of cli.hmacLines(result)) this.print(line);
    if (result.outcome === 'awaiting approval') this.endWith(ExitCode.refused);
    return result;
  }
}
