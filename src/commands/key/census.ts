import { Flags } from '@oclif/core';
import { ExitCode } from '../../lib/base/exit-code.ts';
import { BaseCommand } from '../../lib/cli/base-command.ts';
import { tableFlags } from '../../lib/cli/flags.ts';
import { watchFlags } from '../../lib/cli/watch/watch-flags.ts';
import type { KeyCensusResult } from '../../lib/key/census/results.ts';

export default class KeyCensus extends BaseCommand<typeof KeyCensus> {
  static override summary = 'count encrypted values by the keys that they are under';
  static override description =
    'Changes nothing and decrypts nothing. Every column that the data map calls encrypted is counted by what its values say of themselves: in clear, cut off, of an unknown format, or under a key, which is looked up in the keyring. Keyed hashes are counted by the version whose turn their column is. Every other bytea column is searched for values that begin as encrypted ones do. The counts are put on record in the state database, where there is one, for `key list`.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --declared-only --json',
    '<%= config.bin %> <%= command.id %> --output csv',
  ];
  static override flags = {
    ...tableFlags,
    ...watchFlags,
    'declared-only': Flags.boolean({
      summary: 'look at no column that the map does not call encrypted; that reads every bytea column',
    }),
  };
  static override exitCodes = [
    ExitCode.done,
    ExitCode.failure,
    ExitCode.usage,
    ExitCode.findings,
    ExitCode.interrupted,
  ];
  static override result = async () => (await import('../../lib/key/census/results.ts')).keyCensusResult;

  async run(): Promise<KeyCensusResult> {
    const { censusColumns, censusRows, keyMap, withPlatform } = await import('../../lib/cli/key-census.ts');
    const { recordTaken } = await import('../../lib/cli/key-register.ts');
    const { takeCensus } = await import('../../lib/key/census/index.ts');
    const context = await this.context();
    const map = await keyMap(context);
    const census = await withPlatform(context, (db) =>
      takeCensus(db, map, {
        columns: this.flags['declared-only'] ? 'declared' : 'all',
        progress: context.progress,
        signal: this.signal,
      }),
    );
    await recordTaken(context, census);
    await this.printTable(censusRows(census), censusColumns, 'the map knows no encrypted column');
    for (const { table, column, message } of census.findings) this.say(`${table}.${column}: ${message}`);
    this.gauge({
      name: 'postern_key_census_findings',
      help: 'Findings of the last census of encrypted values.',
      value: census.findings.length,
    });
    this.endWith(census.findings.length === 0 ? ExitCode.done : ExitCode.findings);
    return census;
  }
}
