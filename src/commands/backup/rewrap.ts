import { Flags } from '@oclif/core';
import type { RewrapResult } from '../../lib/backup/keys/results.ts';
import { BaseCommand } from '../../lib/cli/base-command.ts';
import { dryRunFlag, yesFlag } from '../../lib/cli/flags.ts';
import { resolveSet, setArgument } from '../../lib/cli/set-argument.ts';

export default class BackupRewrap extends BaseCommand<typeof BackupRewrap> {
  static override summary = 'let further keys open backup sets that are there already';
  static override description =
    'Wraps the session keys of a set for them, in a signed list beside it, at every destination that holds the set. Run it where a secret key that opens the set is configured. It reads the first bytes of each file, and changes none.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> --all',
    '<%= config.bin %> <%= command.id %> 20260301T020000Z-9f2c41d0 --to keys/successor.pub.asc --yes',
  ];
  static override args = setArgument;
  static override flags = {
    ...dryRunFlag,
    ...yesFlag,
    all: Flags.boolean({ summary: 'every complete set' }),
    to: Flags.string({
      summary: 'a public key that shall open the sets; all configured recipients unless given',
      helpValue: 'FILE',
      multiple: true,
      multipleNonGreedy: true,
    }),
    again: Flags.boolean({ summary: 'wrap also for those who can open a set by what is there' }),
    from: Flags.string({
      summary: 'the destination to read from; the first one unless given',
      helpValue: 'DESTINATION',
    }),
  };
  static override exitCodes = [0, 1, 2, 4, 5, 6, 7, 130] as const;
  static override result = async () => (await import('../../lib/backup/keys/results.ts')).rewrapResult;

  async run(): Promise<RewrapResult> {
    const { rewrapContext } = await import('../../lib/cli/backup-rewrap.ts');
    const { rewrapSets } = await import('../../lib/backup/keys/rewrap-sets.ts');
    const { confirmYes } = await import('../../lib/cli/prompt.ts');
    const { listSets } = await import('../../lib/backup/list.ts');
    const { usageError } = await import('../../lib/base/error.ts');
    const { all, again, from, to } = this.flags;
    if (all && this.args.set !== undefined)
      throw usageError('give a set, or --all, not both', { code: 'usage' });
    const context = await rewrapContext(await this.context(), { from, to });
    const { sets, recipients } = context;
    const setIds = all
      ? (await listSets(sets)).filter(({ isComplete }) => isComplete).map(({ setId }) => setId)
      : [await resolveSet(sets, this.args.set)];
    const whom = again ? 'all' : 'missing';
    const mode = this.flags['dry-run'] ? 'dry-run' : 'apply';
    if (mode === 'apply') {
      const names = recipients.map(({ fingerprint, userIds }) => `${fingerprint} (${userIds[0] ?? ''})`);
      await confirmYes(`let ${names.join(' and ')} open ${all ? 'every set' : setIds[0]}?`, this.asking());
    }
    const rewrapped = await rewrapSets(context, setIds, { mode, whom });
    for (const { setId, outcome, recipients: whose, files, message } of rewrapped.sets) {
      this.print(
        outcome === 'rewrapped'
          ? `${setId}  rewrapped for ${whose.join(', ')}, ${files} session keys`
          : `${setId}  ${outcome}${whose.length === 0 ? '' : ` for ${whose.join(', ')}`}`,
      );
      if (message !== null) this.addWarning(`${setId}: ${message}`);
    }
    this.endWith(rewrapped.exitCode);
    return {
      location: `${sets.store.location}/${sets.prefix}`,
      sets: [...rewrapped.sets],
    };
  }
}
