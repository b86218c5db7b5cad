import { Args } from '@oclif/core';
import { ExitCode } from '../../../lib/base/exit-code.ts';
import { BaseCommand } from '../../../lib/cli/base-command.ts';
import { watchFlags } from '../../../lib/cli/watch/watch-flags.ts';
import type { KeyDkimCheckResult } from '../../../lib/key/dkim/results.ts';

export default class KeyDkimCheck extends BaseCommand<typeof KeyDkimCheck> {
  static override summary = 'compare DKIM records on every name server with the private keys';
  static override description =
    'Asks every authoritative server, on all of its addresses, and the resolvers of the configuration, for every selector of the register. Exit 3 where a record differs, is missing, revoked or still there, a private key is not the one of the record, or something is overdue; exit 4 where nothing of that was found and a server could not be asked. Changes nothing.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> example.org --json',
    '<%= config.bin %> <%= command.id %> --prometheus /var/lib/prometheus/node-exporter/dkim.prom',
  ];
  static override args = {
    domain: Args.string({ description: 'one domain; all of keys.dkim unless given', ignoreStdin: true }),
  };
  static override flags = { ...watchFlags };
  static override exitCodes = [0, 1, 2, 3, 4, 130] as const;
  static override result = async () => (await import('../../../lib/key/dkim/results.ts')).keyDkimCheckResult;

  async run(): Promise<KeyDkimCheckResult> {
    const { dkimContext } = await import('../../../lib/cli/key-dkim.ts');
    const { checkLines, checkResult } = await import('../../../lib/cli/key-dkim-text.ts');
    const { checkDomains } = await import('../../../lib/key/dkim/index.ts');
    const context = await dkimContext(await this.context());
    const domains = this.args.domain === undefined ? context.domains : [this.args.domain];
    const result = checkResult(await checkDomains(context, domains));
    for (const line of checkLines(result)) this.print(line);
    for (const { domain, findings, selectors } of result.domains)
      this.gauge({
        name: 'postern_dkim_findings',
        help: 'What is wrong with the DKIM selectors of a domain.',
        labels: { domain },
        value: findings.length + selectors.reduce((sum, selector) => sum + selector.findings.length, 0),
      });
    if (result.verdict === 'findings') this.endWith(ExitCode.findings);
    if (result.verdict === 'incomplete') this.endWith(ExitCode.incomplete);
    return result;
  }
}
