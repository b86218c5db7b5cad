import { Args, Flags } from '@oclif/core';
import type { z } from 'zod';
import { ExitCode } from '../../lib/base/exit-code.ts';
import { BaseCommand } from '../../lib/cli/base-command.ts';
import { confirmFlag, dryRunFlag } from '../../lib/cli/flags.ts';
import type { submitResult } from '../../lib/operation/result.ts';

export default class OperatorRevoke extends BaseCommand<typeof OperatorRevoke> {
  static override summary = 'revoke an operator';
  static override description =
    "The operator's signatures then count for nothing that has not begun. Refused where too few operators would be left to approve.";
  static override examples = [
    '<%= config.bin %> <%= command.id %> 5A8FD0E2C3B14F7A --reason "left the company"',
    '<%= config.bin %> <%= command.id %> 5A8FD0E2C3B14F7A --reason "key lost" --plan-only',
  ];
  static override args = {
    fingerprint: Args.string({
      description: "the key's fingerprint, or its last sixteen digits",
      required: true,
      ignoreStdin: true,
    }),
  };
  static override flags = {
    ...confirmFlag,
    ...dryRunFlag,
    reason: Flags.string({ summary: 'why; it stands in the plan and in the certificate', required: true }),
    'plan-only': Flags.boolean({ summary: 'store the plan, and do not apply it' }),
    'accept-lockout': Flags.boolean({ summary: 'plan it even if nobody could approve anything afterwards' }),
  };
  static override exitCodes = [
    ExitCode.done,
    ExitCode.failure,
    ExitCode.usage,
    ExitCode.refused,
    ExitCode.partial,
    ExitCode.locked,
  ];
  static override result = async () => (await import('../../lib/operation/result.ts')).submitResult;

  async run(): Promise<z.infer<typeof submitResult>> {
    const context = await this.context();
    const { operationContext } = await import('../../lib/cli/operation-context.ts');
    const { planKindNames } = await import('../../lib/cli/plan-kinds.ts');
    const { operatorRevoke, planRevocation } = await import('../../lib/operation/operator-revoke.ts');
    const { planModeOf, reportSubmitted } = await import('../../lib/cli/report-submitted.ts');
    const { submitPlan } = await import('../../lib/cli/submit-plan.ts');
    const operation = await operationContext(context);
    const plan = await planRevocation(operation, {
      fingerprint: this.args.fingerprint,
      reason: this.flags.reason,
      kinds: planKindNames,
      lockout: this.flags['accept-lockout'] ? 'accept' : 'refuse',
    });
    const mode = planModeOf(this.flags);
    const submitted = await submitPlan(context, {
      operation,
      kind: operatorRevoke,
      plan,
      mode,
      asking: this.asking(),
    });
    return reportSubmitted(submitted, {
      print: (line) => this.print(line),
      endWith: (code) => this.endWith(code),
    });
  }
}
