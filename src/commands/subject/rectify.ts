import { Args } from '@oclif/core';
import { ExitCode } from '../../lib/base/exit-code.ts';
import { BaseCommand } from '../../lib/cli/base-command.ts';
import { rectifyFlags } from '../../lib/cli/rectify-flags.ts';
import type { SubjectRectifyResult } from '../../lib/subject/rectify/results.ts';

export default class SubjectRectify extends BaseCommand<typeof SubjectRectify> {
  static override summary = 'correct a value of a person, in their row and in every copy';
  static override description =
    "Puts a new name (an address, a telephone number) in the place of an old one wherever the data map knows it: normalised copies, aliases, arrays, JSON documents, and inside messages, cards and texts; or sets one column of the person's own rows. Only in the person's own and shared rows, unless --everywhere. Runs in short transactions and can be stopped at any point. Neither value is kept in the plan: where it waits for approval, they are read again from the file that --values names. Tells who has the old value and is to be informed (Article 19 GDPR).";
  static override examples = [
    '<%= config.bin %> <%= command.id %> ann@example.org --from ann@example.org --to anna@example.org --reason "request 18"',
    '<%= config.bin %> <%= command.id %> ann@example.org --field mail.accounts.display_name --reason T-18 < name.txt',
    '<%= config.bin %> <%= command.id %> --values change.json --reason "request 18" --plan-only',
  ];
  static override args = {
    person: Args.string({ description: 'an address, or subject.identity=value', ignoreStdin: true }),
  };
  static override flags = rectifyFlags;
  static override exitCodes = [0, 1, 2, 4, 5, 6, 7, 11, 130] as const;
  static override result = async () =>
    (await import('../../lib/subject/rectify/results.ts')).subjectRectifyResult;

  async run(): Promise<SubjectRectifyResult> {
    const lib = await import('../../lib/cli/subject-rectify.ts');
    const { planModeOf } = await import('../../lib/cli/report-submitted.ts');
    const { submitPlan } = await import('../../lib/cli/submit-plan.ts');
    const { requiredApprovals } = await import('../../lib/operation/plan.ts');
    const { planRectify, rectifyOutcome, subjectRectify } = await import(
      '../../lib/subject/rectify/index.ts'
    );
    const context = await this.context();
    const { tenant, reason, request, everywhere } = this.flags;
    if (request !== undefined) await lib.requireRectificationRequest(context, request);
    const given = await lib.givenValues({ ...this.flags, person: this.args.person });
    const operation = await lib.rectifyContext(context, given.values);
    const planned = await planRectify(operation, { ...given, tenant, reason, request, everywhere });
    const mode = planModeOf(this.flags);
    const none = { corrected: null, held: null };
    const unsent = lib.rectifyResult(planned, { plan: planned.plan, outcome: 'not stored' }, none);
    await this.printTable(unsent.places, lib.placeColumns, 'nothing is wrong');
    for (const line of lib.rectifyLines(unsent)) this.say(line);
    lib.requireFile(mode, requiredApprovals(operation, planned.plan.body), given.valuesFile);
    const submitted = await submitPlan(context, {
      operation,
      kind: subjectRectify,
      plan: planned.plan,
      mode,
      asking: this.asking(),
    });
    const done =
      submitted.outcome === 'applied' ? await rectifyOutcome(await operation.state(), planned.plan) : none;
    const result = lib.rectifyResult(planned, submitted, done);
    if ((result.held ?? 0) > 0) this.say(`${result.held} rows stay as they are because of holds`);
    this.say(`${result.outcome}: plan ${result.planId.slice(0, 12)}`);
    if (result.outcome === 'awaiting approval') this.endWith(ExitCode.refused);
    return result;
  }
}
