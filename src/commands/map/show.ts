import { Args, Flags } from '@oclif/core';
import { ExitCode } from '../../lib/base/exit-code.ts';
import { BaseCommand } from '../../lib/cli/base-command.ts';
import { tableFlags } from '../../lib/cli/flags.ts';
import type { MapShowResult } from '../../lib/subject/picture/results.ts';

export default class MapShow extends BaseCommand<typeof MapShow> {
  static override summary = 'show what the data map says, as a table or as a picture';
  static override description =
    'Every table with whose its rows are, what they hold, and what becomes of them. --report draws the tables and the way from each to its owner, as an HTML page that stands for itself. The database is not asked. Without FILE, the map is the one that the configuration names under platform.map.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> postern.map.yaml --report map.html',
  ];
  static override args = { file: Args.string({ description: 'the data map', ignoreStdin: true }) };
  static override flags = {
    ...tableFlags,
    report: Flags.string({ summary: 'write the picture into this HTML file', helpValue: 'FILE' }),
  };
  static override exitCodes = [ExitCode.done, ExitCode.failure, ExitCode.usage];
  static override result = async () => (await import('../../lib/subject/picture/results.ts')).mapShowResult;

  async run(): Promise<MapShowResult> {
    const { configuredMap } = await import('../../lib/cli/map-lint.ts');
    const { mapColumns } = await import('../../lib/cli/map-show.ts');
    const { loadDataMap } = await import('../../lib/platform/map/index.ts');
    const { summaryOf } = await import('../../lib/subject/picture/summary.ts');
    const { file, map } = await loadDataMap(this.args.file ?? configuredMap(await this.context()));
    const tables = summaryOf(map);
    const { report } = this.flags;
    if (report !== undefined) {
      const { writeMapReport } = await import('../../lib/cli/map-show.ts');
      await writeMapReport(report, map, { file, tool: `postern ${this.config.version}`, at: new Date() });
      this.say(`the picture is in ${report}`);
    }
    await this.printTable(tables, mapColumns, 'the map has no table');
    const todo = tables.reduce((sum, table) => sum + table.todo, 0);
    return { file, tables, todo, report: report ?? null };
  }
}
