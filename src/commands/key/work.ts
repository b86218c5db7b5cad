import { Args, Flags } from '@oclif/core';
import { ExitCode } from '../../lib/base/exit-code.ts';
import { BaseCommand } from '../../lib/cli/base-command.ts';
import type { KeyWorkResult } from '../../lib/key/reencrypt/results.ts';

export default class KeyWork extends BaseCommand<typeof KeyWork> {
  static override summary = 'help with a re-encryption that another host applies';
  static override description =
    'Takes parts of the walk of a plan of kind key.reencrypt while `key reencrypt` or `plan apply` works on it elsewhere, and ends with it. Everything that applying checks is checked here too: signatures, approvals, target. Each host holds its own rate limits. Killed, its part is taken over once its lease has run out.';
  static override examples = ['<%= config.bin %> <%= command.id %> 3f9a12bc77de --workers 4'];
  static override args = {
    plan: Args.string({
      description: "the plan's id, or its first digits",
      required: true,
      ignoreStdin: true,
    }),
  };
  static override flags = {
    workers: Flags.integer({ summary: 'values at work at once, in sessions', min: 1, max: 32, default: 2 }),
  };
  static override exitCodes = [
    ExitCode.done,
    ExitCode.failure,
    ExitCode.usage,
    ExitCode.integrity,
    ExitCode.refused,
    ExitCode.partial,
    ExitCode.interrupted,
  ];
  static override result = async () => (await import('../../lib/key/reencrypt/results.ts')).keyWorkResult;

  async run(): Promise<KeyWorkResult> {
    const { keyContext } = await import('../../lib/cli/key-context.ts');
    const { joinReencrypt, joinablePlan } = await import('../../lib/key/reencrypt/index.ts');
    const context = await this.context();
    const { plan, kmsRequestsPerSecond } = await joinablePlan(await keyContext(context), this.args.plan);
    const operation = await keyContext(context, { kmsRequestsPerSecond });
    const { rows, walks } = await joinReencrypt(operation, plan, this.flags.workers);
    this.say(`the walk is over: ${rows.toLocaleString('en')} rows were looked at here`);
    return { planId: plan.id, rows, walks };
  }
}
