import { Args, Flags } from '@oclif/core';
import { ExitCode } from '../../../lib/base/exit-code.ts';
import { BaseCommand } from '../../../lib/cli/base-command.ts';
import { confirmFlag, dryRunFlag, yesFlag } from '../../../lib/cli/flags.ts';
import type { KeyRotateDkimResult } from '../../../lib/key/dkim/results.ts';

export default class KeyRotateDkim extends BaseCommand<typeof KeyRotateDkim> {
  static override summary = 'exchange the DKIM keys of a domain under new selectors';
  static override description =
    'A plan that takes weeks and waits by ending with exit 7: make key pairs, wait until every name server has their records, sign with them, let old mail arrive, revoke the old keys by an empty p=, remove them, destroy them. Each time it prints what to change in the zone. Cron runs `plan apply ID` until it ends with 0. --compromised stops signing and revokes at once.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> example.org --dry-run',
    '<%= config.bin %> <%= command.id %> example.org --yes --nsupdate change.txt',
    '<%= config.bin %> <%= command.id %> example.org --compromised --confirm example.org',
  ];
  static override args = {
    domain: Args.string({ description: 'a domain under keys.dkim', required: true, ignoreStdin: true }),
  };
  static override flags = {
    ...dryRunFlag,
    ...yesFlag,
    ...confirmFlag,
    algorithm: Flags.option({
      options: ['rsa-2048', 'rsa-3072', 'rsa-4096', 'ed25519'] as const,
      multiple: true,
      multipleNonGreedy: true,
    })({ summary: 'only keys of this kind; those of the configuration unless given' }),
    compromised: Flags.boolean({
      summary: 'somebody else has the keys: stop signing with them, revoke them at once',
    }),
    nsupdate: Flags.string({
      summary: 'write a script for nsupdate, not lines for a zone file',
      helpValue: 'FILE',
    }),
    'plan-only': Flags.boolean({ summary: 'stop after the plan', exclusive: ['dry-run'] }),
  };
  static override exitCodes = [0, 1, 2, 4, 5, 6, 7, 11, 130] as const;
  static override result = async () => (await import('../../../lib/key/dkim/results.ts')).keyRotateDkimResult;

  async run(): Promise<KeyRotateDkimResult> {
    const { dkimContext } = await import('../../../lib/cli/key-dkim.ts');
    const { rotationLines, submitRotation } = await import('../../../lib/cli/key-dkim-rotate.ts');
    const { planModeOf } = await import('../../../lib/cli/report-submitted.ts');
    const { planRotation } = await import('../../../lib/key/dkim/index.ts');
    const context = await this.context();
    const operation = await dkimContext(context);
    const { domain } = this.args;
    const { compromised, algorithm: algorithms, nsupdate: script } = this.flags;
    const plan = await planRotation(operation, domain, {
      reason: compromised ? 'compromised' : 'scheduled',
      algorithms,
    });
    const mode = planModeOf(this.flags);
    const result = await submitRotation(context, { operation, plan, mode, asking: this.asking(), script });
    for (const line of rotationLines(result, operation.domain(domain).nsupdate.keyFile)) this.print(line);
    if (result.certificate !== null) this.print(`certificate ${result.certificate}`);
    if (result.outcome === 'waiting') this.endWith(ExitCode.partial);
    if (result.outcome === 'awaiting approval') this.endWith(ExitCode.refused);
    return result;
  }
}
