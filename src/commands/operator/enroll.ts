import { Flags } from '@oclif/core';
import type { z } from 'zod';
import { ExitCode } from '../../lib/base/exit-code.ts';
import { BaseCommand } from '../../lib/cli/base-command.ts';
import { dryRunFlag, yesFlag } from '../../lib/cli/flags.ts';
import type { submitResult } from '../../lib/operation/result.ts';

export default class OperatorEnroll extends BaseCommand<typeof OperatorEnroll> {
  static override summary = 'enrol an operator by an OpenPGP public key';
  static override description =
    'The first operator is enrolled at once, because nobody could approve it. Every later one is a plan of kind operator.enroll: set its approvals at least as high as those of any other kind.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> --key alice.asc',
    '<%= config.bin %> <%= command.id %> --key bob.asc --name "Bob Byrne" --yes',
  ];
  static override flags = {
    ...dryRunFlag,
    ...yesFlag,
    key: Flags.string({ summary: 'the ASCII-armored public key', helpValue: 'FILE', required: true }),
    name: Flags.string({ summary: "the operator's name; the key's user id unless told" }),
    'plan-only': Flags.boolean({ summary: 'store the plan, and do not apply it' }),
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
    const { readInput } = await import('../../lib/cli/plan-signature.ts');
    const { readOperatorKey } = await import('../../lib/operation/operator-key.ts');
    const enroll = await import('../../lib/operation/operator-enroll.ts');
    const operation = await operationContext(context);
    const armored = (await readInput(this.flags.key, 'key')).toString('utf8');
    const key = await readOperatorKey(armored, context.clock.now());
    const enrolment = { key, name: this.flags.name ?? key.userIds[0] ?? key.fingerprint };
    if (
      !this.flags['dry-run'] &&
      !this.flags['plan-only'] &&
      (await enroll.enrollFirst(operation, enrolment))
    ) {
      this.say(`${enrolment.name} (${key.fingerprint}) is enrolled as the first operator`);
      return { plan: null, outcome: 'enrolled', certificate: null, body: null };
    }
    const { reportSubmitted, planModeOf } = await import('../../lib/cli/report-submitted.ts');
    const { submitPlan } = await import('../../lib/cli/submit-plan.ts');
    const submitted = await submitPlan(context, {
      operation,
      kind: enroll.operatorEnroll,
      plan: await enroll.planEnrolment(operation, enrolment),
      mode: planModeOf(this.flags),
      asking: this.asking(),
    });
    return reportSubmitted(submitted, {
      print: (line) => this.print(line),
      endWith: (code) => this.endWith(code),
    });
  }
}
