import { Args, Flags } from '@oclif/core';
import { ExitCode } from '../../lib/base/exit-code.ts';
import { BaseCommand } from '../../lib/cli/base-command.ts';
import { tableFlags } from '../../lib/cli/flags.ts';
import type { MapLintResult } from '../../lib/platform/map/results.ts';

export default class MapLint extends BaseCommand<typeof MapLint> {
  static override summary = 'check the data map, in itself and against the platform database';
  static override description =
    'Changes nothing. The rules are listed in docs/data-map.md; `map check` adds to them what only the data tell. Without FILE, the map is the one that the configuration names under platform.map.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> postern.map.yaml --offline',
    '<%= config.bin %> <%= command.id %> --output csv',
  ];
  static override args = {
    file: Args.string({ description: 'the data map', ignoreStdin: true }),
  };
  static override flags = {
    ...tableFlags,
    offline: Flags.boolean({ summary: 'check the map in itself, without a database' }),
  };
  static override exitCodes = [ExitCode.done, ExitCode.failure, ExitCode.usage, ExitCode.findings];
  static override result = async () => (await import('../../lib/platform/map/results.ts')).mapLintResult;

  async run(): Promise<MapLintResult> {
    const { configuredMap, findingColumns, placed, platformCatalog } = await import(
      '../../lib/cli/map-lint.ts'
    );
    const { withLocked } = await import('../../lib/platform/map/scan/index.ts');
    const { loadDataMap, lintDataMap } = await import('../../lib/platform/map/index.ts');
    const loaded = await loadDataMap(this.args.file ?? configuredMap(await this.context()));
    const catalog = this.flags.offline ? undefined : await platformCatalog(await this.context());
    const findings = placed(loaded, lintDataMap(loaded.map, catalog));
    for (const { table, reason } of catalog === undefined ? [] : withLocked([], catalog))
      this.addWarning(`${table}: ${reason}`);
    await this.printTable(findings, findingColumns(loaded.file), 'nothing to report');
    this.endWith(findings.length === 0 ? ExitCode.done : ExitCode.findings);
    return {
      file: loaded.file,
      database: catalog?.database.name ?? null,
      tables: Object.keys(loaded.map.tables).length,
      findings,
    };
  }
}
