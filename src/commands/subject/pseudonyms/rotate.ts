import { Flags } from '@oclif/core';
import { BaseCommand } from '../../../lib/cli/base-command.ts';
import { dryRunFlag, tableFlags, yesFlag } from '../../../lib/cli/flags.ts';
import type { SubjectPseudonymsRotateResult } from '../../../lib/subject/pseudonym/rotate/results.ts';

export default class SubjectPseudonymsRotate extends BaseCommand<typeof SubjectPseudonymsRotate> {
  static override summary =
    'put every pseudonym under the newest key, so that the older one can be destroyed';
  static override description =
    'Walks the columns for which the data map says {pseudonymise: hmac}, arrays and JSON documents too, and makes a pseudonym of each pseudonym that is under an older key of subjects.pseudonym_keys: equal ones stay equal, and no name is needed. In short transactions, as a plan that goes on after a kill. Pseudonymised data is personal data: this is no erasure.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> --dry-run',
    '<%= config.bin %> <%= command.id %> --yes',
    '<%= config.bin %> <%= command.id %> --plan-only --json',
  ];
  static override flags = {
    ...tableFlags,
    ...dryRunFlag,
    ...yesFlag,
    'plan-only': Flags.boolean({ summary: 'stop after the plan', exclusive: ['dry-run'] }),
    'batch-size': Flags.integer({
      summary: 'rows in one transaction',
      default: 500,
      min: 1,
      max: 10_000,
      helpValue: 'ROWS',
    }),
  };
  static override exitCodes = [0, 1, 2, 5, 6, 7, 11, 130] as const;
  static override result = async () =>
    (await import('../../../lib/subject/pseudonym/rotate/results.ts')).subjectPseudonymsRotateResult;

  async run(): Promise<SubjectPseudonymsRotateResult> {
    const lib = await import('../../../lib/cli/subject-pseudonyms.ts');
    const { planModeOf } = await import('../../../lib/cli/report-submitted.ts');
    const { submitPlan } = await import('../../../lib/cli/submit-plan.ts');
    const rotation = await import('../../../lib/subject/pseudonym/rotate/index.ts');
    const context = await this.context();
    const operation = await lib.pseudonymContext(context);
    const planned = await rotation.planRotation(operation, { batchSize: this.flags['batch-size'] });
    for (const warning of lib.rotationWarnings(planned)) this.addWarning(warning);
    const mode = planModeOf(this.flags);
    const { plan } = planned;
    const kind = rotation.rotatePseudonyms;
    const submitted =
      plan === undefined
        ? undefined
        : await submitPlan(context, { operation, kind, plan, mode, asking: this.asking() });
    const after = submitted?.applied === undefined ? null : await rotation.countedNow(operation);
    const result = lib.rotationResult(planned, submitted, after);
    const rows = lib.versionRows(after ?? planned.inputs.columns);
    await this.printTable(rows, lib.versionColumns, 'the data map has no column with pseudonyms');
    for (const line of lib.rotationLines(result)) this.say(line);
    if (result.outcome === 'awaiting approval') this.endWith(6);
    return result;
  }
}
