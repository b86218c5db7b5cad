import { Args } from '@oclif/core';
import { ExitCode } from '../../lib/base/exit-code.ts';
import { BaseCommand } from '../../lib/cli/base-command.ts';
import { eraseFlags } from '../../lib/cli/erase-flags.ts';
import type { EraseRehearsalResult, SubjectEraseResult } from '../../lib/subject/erase/results.ts';

export default class SubjectErase extends BaseCommand<typeof SubjectErase> {
  static override summary = 'erase persons from the database and the object store, and prove it';
  static override description =
    "Builds a plan of every row and object that is the person's or names them, and of what becomes of each by the data map: deleted, redacted, kept by law, kept by a hold. Where the profile asks for no approval, applies it once the name of the database was typed: in short transactions, so that it can be stopped and gone on with at any point. The erasure ledger is written first, so that `backup restore` and `backup drill` erase again in older backups. At the end the whole database and every object are looked through for what is left (exit 3), and a certificate says what was erased, what was kept and why, and until when backups hold it. It cannot be undone.";
  static override examples = [
    '<%= config.bin %> <%= command.id %> ann@example.org --reason "request 2026-17" --dry-run',
    '<%= config.bin %> <%= command.id %> ann@example.org --reason "request 2026-17" --request 17 --plan-only',
    '<%= config.bin %> <%= command.id %> - --reason "end of contract 12" --tenant 12 --confirm mail < persons.txt',
  ];
  static override args = {
    person: Args.string({
      description:
        'an address, or subject.identity=value; - reads one person a line, further names of the same person behind blanks',
      required: true,
      ignoreStdin: true,
    }),
  };
  static override flags = eraseFlags;
  static override exitCodes = [0, 1, 2, 3, 4, 5, 6, 7, 11, 130] as const;
  static override result = async () => {
    const results = await import('../../lib/subject/erase/results.ts');
    return results.subjectEraseResult.or(results.eraseRehearsalResult);
  };

  async run(): Promise<SubjectEraseResult | EraseRehearsalResult> {
    const lib = await import('../../lib/cli/subject-erase.ts');
    const context = await this.context();
    if (this.flags.rehearse) return this.rehearse();
    const { planModeOf } = await import('../../lib/cli/report-submitted.ts');
    const { submitPlan } = await import('../../lib/cli/submit-plan.ts');
    const { eraseOutcome, planErase, subjectErase } = await import('../../lib/subject/erase/index.ts');
    const options = await lib.eraseOptions(context, this.args.person, this.flags);
    const operation = await lib.eraseContext(context, options.seeds);
    const planned = await planErase(operation, options);
    const backups = await operation.horizon();
    const shown = lib.eraseResult(planned, { plan: planned.plan, outcome: 'not stored' }, { backups });
    await this.printTable(shown.rows, lib.erasedColumns, 'no row is theirs or names them');
    for (const line of lib.eraseLines(shown)) this.say(line);
    const submitted = await submitPlan(context, {
      operation,
      kind: subjectErase,
      plan: planned.plan,
      mode: planModeOf(this.flags),
      asking: this.asking(),
    });
    const done = await eraseOutcome(await operation.state(), planned.plan);
    const result = lib.eraseResult(planned, submitted, { backups, done });
    for (const line of lib.doneLines(result)) this.say(line);
    this.endWith(lib.eraseExitCode(result));
    return result;
  }

  private async rehearse(): Promise<EraseRehearsalResult> {
    const { rehearsalLines, rehearse } = await import('../../lib/cli/subject-erase-rehearse.ts');
    const { erasedColumns } = await import('../../lib/cli/subject-erase.ts');
    const context = await this.context();
    const result = await rehearse(context, this.config.version, this.args.person, this.flags);
    await this.printTable(result.rows, erasedColumns, 'no row is theirs or names them');
    for (const line of rehearsalLines(result)) this.say(line);
    if (result.left.length > 0) this.endWith(ExitCode.findings);
    else if (result.unasked.length > 0) this.endWith(ExitCode.incomplete);
    return result;
  }
}
