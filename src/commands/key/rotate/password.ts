import { Args, Flags } from '@oclif/core';
import { ExitCode } from '../../../lib/base/exit-code.ts';
import { BaseCommand } from '../../../lib/cli/base-command.ts';
import { dryRunFlag, yesFlag } from '../../../lib/cli/flags.ts';
import { watchFlags } from '../../../lib/cli/watch/watch-flags.ts';
import type { KeyRotatePasswordResult } from '../../../lib/key/password/results.ts';

export default class KeyRotatePassword extends BaseCommand<typeof KeyRotatePassword> {
  static override summary = 'give a database role a new password, and hand it to its readers';
  static override description =
    'Of two roles that take turns, the one that nobody uses gets the new password; it is tried, published, and tried again as its readers will. The other one keeps its password until the next rotation, or, with --compromised, gets one that nobody knows. The server is given the SCRAM verifier, never the password. What speaks against it, such as roles that are not alike, must be accepted. Killed or interrupted, `plan apply ID` goes on.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> app --dry-run',
    '<%= config.bin %> <%= command.id %> app --yes --json',
    '<%= config.bin %> <%= command.id %> mail_app_b --compromised --terminate-sessions',
  ];
  static override args = {
    name: Args.string({
      description: 'the name under keys.passwords, or one of its roles',
      required: true,
      ignoreStdin: true,
    }),
  };
  static override flags = {
    ...dryRunFlag,
    ...yesFlag,
    ...watchFlags,
    compromised: Flags.boolean({ summary: 'the other role gets a new password too, which nobody knows' }),
    'terminate-sessions': Flags.boolean({
      summary: 'end the sessions that began with an old password',
      dependsOn: ['compromised'],
    }),
    'in-use': Flags.string({
      summary: 'the role that readers use now, where no file, rotation or session tells it',
      helpValue: 'ROLE',
    }),
    'accept-findings': Flags.boolean({ summary: 'go on although findings speak against it' }),
    'plan-only': Flags.boolean({ summary: 'stop after the plan', exclusive: ['dry-run'] }),
  };
  static override exitCodes = [0, 1, 2, 3, 5, 6, 7, 11, 130] as const;
  static override result = async () =>
    (await import('../../../lib/key/password/results.ts')).keyRotatePasswordResult;

  async run(): Promise<KeyRotatePasswordResult> {
    const { passwordContext, passwordName } = await import('../../../lib/cli/key-password.ts');
    const {
      passwordRotation: kind,
      planRotation,
      requireAccepted,
      rotationSessions,
    } = await import('../../../lib/key/password/index.ts');
    const { sessionLines } = await import('../../../lib/cli/key-password-text.ts');
    const { planModeOf, reportSubmitted } = await import('../../../lib/cli/report-submitted.ts');
    const { submitPlan } = await import('../../../lib/cli/submit-plan.ts');
    const context = await this.context();
    const name = passwordName(context, this.args.name);
    const operation = await passwordContext(context);
    const { compromised, 'terminate-sessions': endSessions, 'in-use': inUse } = this.flags;
    const { plan, before, after, findings } = await planRotation(operation, name, {
      reason: compromised ? 'compromised' : 'routine',
      sessions: endSessions ? 'end' : 'leave',
      ...(inUse === undefined ? {} : { inUse }),
    });
    for (const { text } of findings) this.addWarning(text);
    const mode = planModeOf(this.flags);
    const isAccepted = this.flags['accept-findings'] || !findings.some(({ blocks }) => blocks);
    if (mode !== 'dry-run' && !isAccepted) requireAccepted(name, findings);
    const submitted = await submitPlan(context, { operation, kind, plan, mode, asking: this.asking() });
    if (!isAccepted) this.endWith(ExitCode.findings);
    const report = reportSubmitted(submitted, {
      print: (line) => this.print(line),
      endWith: (code) => this.endWith(code),
    });
    const oldSessions = submitted.applied ? await rotationSessions(operation, plan) : null;
    for (const line of sessionLines(oldSessions)) this.print(line);
    return { ...report, name, before, after, findings: [...findings], oldSessions };
  }
}
