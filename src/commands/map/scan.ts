import { Flags } from '@oclif/core';
import { counted } from '../../lib/base/counted.ts';
import { ExitCode } from '../../lib/base/exit-code.ts';
import { BaseCommand } from '../../lib/cli/base-command.ts';
import { sampleFlags } from '../../lib/cli/sample-flags.ts';
import type { MapScanResult } from '../../lib/platform/map/scan/results.ts';

export default class MapScan extends BaseCommand<typeof MapScan> {
  static override summary = 'draft a data map from the platform database';
  static override description =
    'Changes nothing, and prints no value of the database: names, counts and reasons. Keys, references, triggers and the like come from the catalog; addresses are looked for in a sample of the rows of each table, in text, arrays, JSON documents, bytea, base64 and hexadecimal. The keys of the configured buckets are sorted by form and joined with rows. Every proposal has a comment with its reason and how sure it is; what could not be told is TODO, which `map lint` lists.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> --output postern.map.yaml',
    '<%= config.bin %> <%= command.id %> --schema mail --schema ops --sample 100000',
    '<%= config.bin %> <%= command.id %> --no-sample --json',
  ];
  static override flags = {
    output: Flags.string({
      summary: 'write the draft into this file, which must not exist, instead of printing it',
      helpValue: 'FILE',
    }),
    schema: Flags.string({
      summary: 'only tables of this schema; may be given more than once',
      helpValue: 'NAME',
      multiple: true,
      multipleNonGreedy: true,
    }),
    ...sampleFlags,
    'no-objects': Flags.boolean({ summary: 'leave the object store out' }),
  };
  static override exitCodes = [
    ExitCode.done,
    ExitCode.failure,
    ExitCode.usage,
    ExitCode.incomplete,
    ExitCode.interrupted,
  ];
  static override result = async () => (await import('../../lib/platform/map/scan/results.ts')).mapScanResult;

  async run(): Promise<MapScanResult> {
    const { objectLook } = await import('../../lib/cli/map-objects.ts');
    const { freshFile, lookOptions, unseenLines, withPlatformReading, writeDraft } = await import(
      '../../lib/cli/map-scan.ts'
    );
    const { scanPlatform } = await import('../../lib/platform/map/scan/index.ts');
    const { schema, output } = this.flags;
    const file = output === undefined ? null : await freshFile(output);
    const context = await this.context();
    const look = lookOptions(context, this.flags);
    const objects = await objectLook(context, undefined, this.flags);
    const scan = await withPlatformReading(context, 'map scan', (db) =>
      scanPlatform(db, { look, objects, ...(schema === undefined ? {} : { schemas: schema }) }),
    );
    const { text, ...rest } = scan;
    if (file === null) this.print(text.trimEnd());
    else await writeDraft(file, text);
    const { tables, columns, todos, flaws, unseen } = scan;
    this.say(
      `${counted(tables, 'table')}, ${counted(columns, 'column')}, ${todos} TODO${file === null ? '' : ` in ${file}`}`,
    );
    for (const { rule, message } of flaws) this.say(`${rule}: ${message}`);
    for (const line of unseenLines(unseen)) this.addWarning(line);
    this.endWith(unseen.length === 0 ? ExitCode.done : ExitCode.incomplete);
    return {
      ...rest,
      file,
      draft: file === null ? text : null,
      proposals: [...rest.proposals],
      objects: [...rest.objects],
      flaws: [...flaws],
      unseen: [...unseen],
    };
  }
}
