import type { BackupVerifyManyResult, BackupVerifyResult } from '../../lib/backup/verify/results.ts';
import { BaseCommand } from '../../lib/cli/base-command.ts';
import { tableFlags } from '../../lib/cli/flags.ts';
import { setArgument } from '../../lib/cli/set-argument.ts';
import { verifyFlags } from '../../lib/cli/verify-flags.ts';
import { watchFlags } from '../../lib/cli/watch/watch-flags.ts';

export default class BackupVerify extends BaseCommand<typeof BackupVerify> {
  static override summary = 'check that a backup set is whole and unchanged';
  static override description =
    'Lists everything that is wrong instead of stopping at the first. `--level list` compares names and sizes with the signed list; `head` also asks the store about the size, checksum, version and lock of each file; `sample=5%` reads some files, at least one of each kind; `full` reads every byte. The archives of older sets that hold mail objects of this one are looked at as well. Where a secret key is configured, what is read is opened and every row counted.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --level head --all --all-destinations',
    '<%= config.bin %> <%= command.id %> --level sample=5% --json',
    '<%= config.bin %> <%= command.id %> --level full --max-egress 20GiB --resume',
  ];
  static override args = setArgument;
  static override flags = { ...tableFlags, ...watchFlags, ...verifyFlags };
  static override exitCodes = [0, 1, 2, 4, 5, 6, 130] as const;
  static override result = async () => {
    const results = await import('../../lib/backup/verify/results.ts');
    return results.backupVerifyResult.or(results.backupVerifyManyResult);
  };

  async run(): Promise<BackupVerifyResult | BackupVerifyManyResult> {
    const { verifyMany } = await import('../../lib/backup/verify/index.ts');
    const { verifyOptions, verifyStores } = await import('../../lib/cli/verify-options.ts');
    const { verifyExitCode } = await import('../../lib/cli/verify-text.ts');
    const { all, 'all-destinations': everywhere, from, 'max-egress': maxEgress, seed } = this.flags;
    const context = await this.context();
    const options = await verifyOptions(context, { ...this.flags, set: this.args.set, maxEgress, seed });
    const { stores, unopened } = await verifyStores(context, everywhere ? 'all' : { from });
    const { failures, ...verified } = await verifyMany(stores, options);
    for (const result of verified.results) await this.tell(result);
    const [single] = verified.results;
    if (!all && !everywhere && single === undefined)
      throw failures[0]?.error ?? new Error('neither a result nor an error');
    const missed = [...unopened.map((one) => ({ ...one, setId: null })), ...failures];
    for (const { destination, setId, error } of missed)
      this.addWarning(`${destination}${setId === null ? '' : `, ${setId}`}: ${error.message}`);
    for (const { destination, setId } of verified.remaining)
      this.say(`${setId} at ${destination}: not begun, for the egress cap`);
    const result = {
      ...verified,
      failures: missed.map(({ error: { message, code = null, exitCode }, destination, setId }) => ({
        destination,
        setId,
        message,
        code,
        exitCode,
      })),
    };
    this.endWith(verifyExitCode(result));
    return all || everywhere || single === undefined ? result : single;
  }

  private async tell(result: BackupVerifyResult): Promise<void> {
    const { findingColumns, verifyOutcome, verifyRemarks } = await import('../../lib/cli/verify-text.ts');
    if (result.findings.length > 0) await this.printTable(result.findings, findingColumns, '');
    if (result.outcome === 'passed') this.print(verifyOutcome(result));
    else this.say(verifyOutcome(result));
    for (const remark of verifyRemarks(result)) this.say(remark);
  }
}
