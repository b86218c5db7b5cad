import { Flags } from '@oclif/core';
import type { BackupVerifyManyResult, BackupVerifyResult } from '../../lib/backup/verify/results.ts';
import { ExitCode } from '../../lib/base/exit-code.ts';
import { BaseCommand } from '../../lib/cli/base-command.ts';
import { tableFlags } from '../../lib/cli/flags.ts';
import { setArgument } from '../../lib/cli/set-argument.ts';
import { watchFlags } from '../../lib/cli/watch/watch-flags.ts';

export default class BackupVerify extends BaseCommand<typeof BackupVerify> {
  static override summary = 'check that a backup set is whole and unchanged';
  static override description =
    'Lists everything that is wrong instead of stopping at the first. `--level list` compares names and sizes with the signed list; `head` also asks the store about the size, checksum, version and lock of each file; `sample=5%` reads some files, at least one of each kind; `full` reads every byte. Where a secret key is configured, what is read is opened and every row counted.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --level head --all --all-destinations',
    '<%= config.bin %> <%= command.id %> --level sample=5% --json',
    '<%= config.bin %> <%= command.id %> --level full --max-egress 20GiB --resume',
  ];
  static override args = setArgument;
  static override flags = {
    ...tableFlags,
    ...watchFlags,
    level: Flags.string({
      summary: 'how closely to look: list, head, sample=N% or full',
      default: 'full',
      helpValue: 'LEVEL',
    }),
    from: Flags.string({
      summary: 'the destination to read from; the first one unless given',
      helpValue: 'DESTINATION',
      exclusive: ['all-destinations'],
    }),
    all: Flags.boolean({ summary: 'verify every complete set' }),
    'all-destinations': Flags.boolean({ summary: 'verify at every destination' }),
    resume: Flags.boolean({ summary: 'go on with the sample or full verification that did not end' }),
    'max-egress': Flags.string({
      summary: 'read no more than this from the stores: 2GiB',
      helpValue: 'SIZE',
    }),
    seed: Flags.string({ summary: 'repeat the sample that this seed chose', helpValue: 'SEED' }),
  };
  static override exitCodes = [0, 1, 2, 4, 5, 6, 130] as const;
  static override result = async () => {
    const results = await import('../../lib/backup/verify/results.ts');
    return results.backupVerifyResult.or(results.backupVerifyManyResult);
  };

  async run(): Promise<BackupVerifyResult | BackupVerifyManyResult> {
    const { verifyMany } = await import('../../lib/backup/verify/index.ts');
    const { verifyOptions } = await import('../../lib/cli/verify-options.ts');
    const { setStore } = await import('../../lib/cli/backup-context.ts');
    const { setStores } = await import('../../lib/cli/set-stores.ts');
    const { all, 'all-destinations': everywhere, 'max-egress': maxEgress, seed } = this.flags;
    const context = await this.context();
    const options = await verifyOptions(context, { ...this.flags, set: this.args.set, maxEgress, seed });
    const { stores, unopened } = everywhere
      ? await setStores(context)
      : { stores: [await setStore(context, this.flags.from)], unopened: [] };
    const { failures, ...verified } = await verifyMany(stores, options);
    for (const result of verified.results) await this.tell(result);
    const [single] = verified.results;
    if (!all && !everywhere) {
      if (single === undefined) throw failures[0]?.error ?? new Error('neither a result nor an error');
      return single;
    }
    const missed = [...unopened.map((one) => ({ ...one, setId: null })), ...failures];
    for (const { destination, setId, error } of missed)
      this.addWarning(`${destination}${setId === null ? '' : `, ${setId}`}: ${error.message}`);
    for (const { destination, setId } of verified.remaining)
      this.say(`${setId} at ${destination}: not begun, for the egress cap`);
    if (missed.length + verified.remaining.length > 0 && process.exitCode !== ExitCode.integrity)
      this.endWith(ExitCode.incomplete);
    return {
      ...verified,
      failures: missed.map(({ destination, setId, error: { message, code = null, exitCode } }) => ({
        destination,
        setId,
        message,
        code,
        exitCode,
      })),
    };
  }

  private async tell(result: BackupVerifyResult): Promise<void> {
    const { verifyOutcome } = await import('../../lib/cli/verify-text.ts');
    const { findings, outcome, opened, level, seed } = result;
    if (findings.length > 0) {
      await this.printTable(
        findings,
        [
          { header: 'finding', value: ({ kind }) => kind },
          { header: 'file', value: ({ file }) => file ?? undefined },
          { header: 'what', value: ({ message }) => message },
        ],
        '',
      );
    }
    if (outcome === 'passed') this.print(verifyOutcome(result));
    else this.say(verifyOutcome(result));
    for (const note of result.notes) this.say(note);
    if (seed !== null) this.say(`repeat this sample with --seed ${seed}`);
    if (!opened && level !== 'list')
      this.say('no secret key is configured here, so the contents were not opened');
    if (outcome === 'failed') this.endWith(ExitCode.integrity);
    else if (outcome === 'incomplete' && process.exitCode !== ExitCode.integrity)
      this.endWith(ExitCode.incomplete);
  }
}
