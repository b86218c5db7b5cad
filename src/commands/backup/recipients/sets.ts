import { Args, Flags } from '@oclif/core';
import type { RecipientsSetsResult } from '../../../lib/backup/keys/results.ts';
import { ExitCode } from '../../../lib/base/exit-code.ts';
import { BaseCommand } from '../../../lib/cli/base-command.ts';
import { tableFlags } from '../../../lib/cli/flags.ts';

export default class BackupRecipientsSets extends BaseCommand<typeof BackupRecipientsSets> {
  static override summary = 'tell which backup sets a key can open';
  static override description =
    'Reads the first bytes of every set, and what was wrapped again; the public half of the key suffices, and nothing is decrypted. A secret key counts for those of its parts whose secret is in the file.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> keys/backup-offline.pub.asc',
    '<%= config.bin %> <%= command.id %> keys/backup-offline.pub.asc --from second --fail-missing',
  ];
  static override args = {
    key: Args.string({ description: 'the key, public or secret', required: true, ignoreStdin: true }),
  };
  static override flags = {
    ...tableFlags,
    from: Flags.string({
      summary: 'the destination to look at; the first one unless given',
      helpValue: 'DESTINATION',
    }),
    'fail-missing': Flags.boolean({ summary: 'end with 3 when a complete set does not open with the key' }),
  };
  static override exitCodes = [0, 1, 2, 3, 4, 130] as const;
  static override result = async () =>
    (await import('../../../lib/backup/keys/results.ts')).recipientsSetsResult;

  async run(): Promise<RecipientsSetsResult> {
    const { setStore } = await import('../../../lib/cli/backup-context.ts');
    const { readInput } = await import('../../../lib/cli/plan-signature.ts');
    const { setsOfKey } = await import('../../../lib/backup/keys/sets-of-key.ts');
    const context = await this.context();
    const key = await readInput(this.args.key, 'key');
    const sets = await setStore(context, this.flags.from);
    const result = await setsOfKey(sets, key, { now: context.clock.now(), signal: context.signal });
    await this.printTable(
      result.sets,
      [
        { header: 'set', value: ({ setId }) => setId },
        { header: 'started', value: ({ startedAt }) => startedAt },
        {
          header: 'opens',
          value: ({ opensBy, problem }) => (problem === null ? (opensBy ?? 'no') : 'unknown'),
        },
        { header: 'by', value: ({ keyId }) => keyId ?? '' },
      ],
      `no complete set at ${result.location}`,
    );
    for (const { setId, problem } of result.sets) {
      if (problem !== null) this.addWarning(`whether it opens ${setId} cannot be told: ${problem}`);
    }
    this.say(`${result.fingerprint} opens ${result.openable} of ${result.sets.length} sets`);
    if (result.missing > 0 && this.flags['fail-missing']) this.endWith(ExitCode.findings);
    else if (result.sets.some(({ problem }) => problem !== null)) this.endWith(ExitCode.incomplete);
    return result;
  }
}
