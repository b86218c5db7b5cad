import { Args, Flags } from '@oclif/core';
import { counted } from '../../lib/base/counted.ts';
import { ExitCode } from '../../lib/base/exit-code.ts';
import { BaseCommand } from '../../lib/cli/base-command.ts';
import type { MapImportResult } from '../../lib/platform/map/fideslang/results.ts';

export default class MapImport extends BaseCommand<typeof MapImport> {
  static override summary = 'draft a data map from one in another format';
  static override description =
    'Reads datasets of fideslang and drafts a data map: categories, identities, references, primary keys. What they do not say is TODO, which `map lint` lists; what the draft leaves out is told, and stands in its head. Asks no database: `map lint` compares the draft with it.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> datasets.yml --format fideslang --output postern.map.yaml',
    '<%= config.bin %> <%= command.id %> datasets.yml --format fideslang --json',
  ];
  static override args = {
    file: Args.string({ description: 'the file of datasets', required: true, ignoreStdin: true }),
  };
  static override flags = {
    format: Flags.string({ summary: 'the format to read', options: ['fideslang'], required: true }),
    output: Flags.string({
      summary: 'write the draft into this file, which must not exist, instead of printing it',
      helpValue: 'FILE',
    }),
  };
  static override exitCodes = [ExitCode.done, ExitCode.failure, ExitCode.usage];
  static override result = async () =>
    (await import('../../lib/platform/map/fideslang/results.ts')).mapImportResult;

  async run(): Promise<MapImportResult> {
    const { freshFile, writeDraft } = await import('../../lib/cli/map-scan.ts');
    const { draftFromDatasets, lossLines, readDatasets } = await import('../../lib/cli/map-convert.ts');
    const { file } = this.args;
    const output = this.flags.output === undefined ? null : await freshFile(this.flags.output);
    const { text, tables, columns, todos, losses } = await draftFromDatasets(await readDatasets(file), file);
    if (output === null) this.print(text.trimEnd());
    else await writeDraft(output, text);
    this.say(`${counted(tables, 'table')}, ${counted(columns, 'column')}, ${todos} TODO`);
    for (const line of lossLines(losses)) this.addWarning(line);
    return {
      file,
      format: 'fideslang',
      output,
      draft: output === null ? text : null,
      tables,
      columns,
      todos,
      losses: [...losses],
    };
  }
}
