import { Args, Flags } from '@oclif/core';
import { counted } from '../../lib/base/counted.ts';
import { ExitCode } from '../../lib/base/exit-code.ts';
import { BaseCommand } from '../../lib/cli/base-command.ts';
import type { MapExportResult } from '../../lib/platform/map/fideslang/results.ts';

export default class MapExport extends BaseCommand<typeof MapExport> {
  static override summary = 'write the data map in another format';
  static override description =
    'Writes the tables of the map as datasets of fideslang, one for each schema: categories, identities, references, primary keys, types. What fideslang cannot say is listed: shared rows, references of a table to itself or of several columns, folded comparisons, objects of the store, encryption, retention and more (docs/fideslang.md). Without FILE, the map is the one that the configuration names under platform.map.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> --format fideslang --output datasets.yml',
    '<%= config.bin %> <%= command.id %> postern.map.yaml --format fideslang --strict',
  ];
  static override args = { file: Args.string({ description: 'the data map', ignoreStdin: true }) };
  static override flags = {
    format: Flags.string({ summary: 'the format to write', options: ['fideslang'], required: true }),
    output: Flags.string({
      summary: 'write into this file, which must not exist, instead of printing',
      helpValue: 'FILE',
    }),
    strict: Flags.boolean({ summary: 'write nothing, and end with 3, where anything would be lost' }),
  };
  static override exitCodes = [ExitCode.done, ExitCode.failure, ExitCode.usage, ExitCode.findings];
  static override result = async () =>
    (await import('../../lib/platform/map/fideslang/results.ts')).mapExportResult;

  async run(): Promise<MapExportResult> {
    const { configuredMap } = await import('../../lib/cli/map-lint.ts');
    const { freshFile, writeDraft } = await import('../../lib/cli/map-scan.ts');
    const { datasetsText, lossLines } = await import('../../lib/cli/map-convert.ts');
    const { loadDataMap } = await import('../../lib/platform/map/index.ts');
    const { exportFideslang } = await import('../../lib/platform/map/fideslang/index.ts');
    const output = this.flags.output === undefined ? null : await freshFile(this.flags.output);
    const { file, map } = await loadDataMap(this.args.file ?? configuredMap(await this.context()));
    const { datasets, losses } = exportFideslang(map);
    const isRefused = this.flags.strict && losses.length > 0;
    const text = await datasetsText(datasets, file);
    if (!isRefused && output === null) this.print(text.trimEnd());
    if (!isRefused && output !== null) await writeDraft(output, text);
    const collections = datasets.flatMap((dataset) => dataset.collections);
    const fields = collections.reduce((sum, collection) => sum + collection.fields.length, 0);
    this.say(
      `${counted(datasets.length, 'dataset')}, ${counted(collections.length, 'collection')}, ${counted(fields, 'field')}${isRefused ? '; nothing was written' : ''}`,
    );
    for (const line of lossLines(losses)) this.addWarning(line);
    if (isRefused) this.endWith(ExitCode.findings);
    return {
      file,
      format: 'fideslang',
      output: isRefused ? null : output,
      text: isRefused || output !== null ? null : text,
      datasets: datasets.length,
      collections: collections.length,
      fields,
      losses: [...losses],
    };
  }
}
