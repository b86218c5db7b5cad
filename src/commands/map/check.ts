import { Args, Flags } from '@oclif/core';
import { ExitCode } from '../../lib/base/exit-code.ts';
import { BaseCommand } from '../../lib/cli/base-command.ts';
import { tableFlags } from '../../lib/cli/flags.ts';
import { sampleFlags } from '../../lib/cli/sample-flags.ts';
import { watchFlags } from '../../lib/cli/watch/watch-flags.ts';
import type { MapCheckResult } from '../../lib/platform/map/results.ts';

export default class MapCheck extends BaseCommand<typeof MapCheck> {
  static override summary = 'find out where the platform database has drifted from the data map';
  static override description =
    'Changes nothing, and prints no value of the database. Everything that `map lint` reports (new tables and columns, changed foreign keys, triggers, what is left TODO), and what only the data tell: addresses in columns that the map does not call personal, and encrypted values in columns that it does not call encrypted, looked for in a sample as `map scan` takes it; keys of objects that no template of the map makes. Exit 3 where there is a finding, whatever could not be looked at; else 4 where something could not. Without FILE, the map is the one that the configuration names under platform.map.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --prometheus /var/lib/prometheus/node-exporter/map.prom',
    '<%= config.bin %> <%= command.id %> postern.map.yaml --sample 100000 --output csv',
  ];
  static override args = {
    file: Args.string({ description: 'the data map', ignoreStdin: true }),
  };
  static override flags = {
    ...tableFlags,
    ...sampleFlags,
    'no-objects': Flags.boolean({ summary: 'leave the object store out' }),
    ...watchFlags,
  };
  static override exitCodes = [
    ExitCode.done,
    ExitCode.failure,
    ExitCode.usage,
    ExitCode.findings,
    ExitCode.incomplete,
    ExitCode.interrupted,
  ];
  static override result = async () => (await import('../../lib/platform/map/results.ts')).mapCheckResult;

  async run(): Promise<MapCheckResult> {
    const { configuredMap, findingColumns, placed } = await import('../../lib/cli/map-lint.ts');
    const { checkPlatform } = await import('../../lib/cli/map-check.ts');
    const { unseenLines } = await import('../../lib/cli/map-scan.ts');
    const { loadDataMap } = await import('../../lib/platform/map/index.ts');
    const context = await this.context();
    const loaded = await loadDataMap(this.args.file ?? configuredMap(context));
    const { database, findings, unseen } = await checkPlatform(context, loaded.map, this.flags);
    const result: MapCheckResult = {
      file: loaded.file,
      database,
      tables: Object.keys(loaded.map.tables).length,
      sampled: !this.flags['no-sample'],
      findings: placed(loaded, findings),
      unseen: [...unseen],
    };
    const whenEmpty = unseen.length === 0 ? 'nothing to report' : 'nothing found in what could be looked at';
    await this.printTable(result.findings, findingColumns(loaded.file), whenEmpty);
    for (const line of unseenLines(unseen)) this.addWarning(line);
    this.gauge({
      name: 'postern_map_check_findings',
      help: 'Findings of the last check of the data map.',
      value: findings.length,
    });
    this.gauge({
      name: 'postern_map_check_unseen',
      help: 'Tables and columns that the last check of the data map could not look at.',
      value: unseen.length,
    });
    if (findings.length > 0) this.endWith(ExitCode.findings);
    else if (unseen.length > 0) this.endWith(ExitCode.incomplete);
    return result;
  }
}
