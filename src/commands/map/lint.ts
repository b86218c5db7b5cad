import { Args, Flags } from '@oclif/core';
import { z } from 'zod';
import { usageError } from '../../lib/base/error.ts';
import { ExitCode } from '../../lib/base/exit-code.ts';
import { BaseCommand } from '../../lib/cli/base-command.ts';
import { tableFlags } from '../../lib/cli/flags.ts';

interface Line {
  readonly rule: string;
  readonly severity: 'error' | 'warning';
  readonly line: number;
  readonly column: number;
  readonly path: string;
  readonly message: string;
}

export default class MapLint extends BaseCommand<typeof MapLint> {
  static override summary = 'check the data map, in itself and against the platform database';
  static override description =
    'Changes nothing. The rules are listed in docs/data-map.md. Without FILE, the map is the one that the configuration names under platform.map.';
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
  static override result = async () =>
    z.strictObject({
      file: z.string(),
      database: z.string().nullable(),
      tables: z.number(),
      findings: z.array(
        z.strictObject({
          rule: z.string(),
          severity: z.enum(['error', 'warning']),
          line: z.number(),
          column: z.number(),
          path: z.string(),
          message: z.string(),
        }),
      ),
    });

  async run(): Promise<z.infer<Awaited<ReturnType<typeof MapLint.result>>>> {
    const { loadDataMap, lintDataMap } = await import('../../lib/platform/map/index.ts');
    const { pathText } = await import('../../lib/base/checked-yaml.ts');
    const loaded = await loadDataMap(this.args.file ?? (await this.configuredMap()));
    const catalog = this.flags.offline ? undefined : await this.readCatalog();
    const findings = lintDataMap(loaded.map, catalog).map(
      ({ rule, severity, path, message }): Line => ({
        rule,
        severity,
        ...loaded.positionOf(path),
        path: pathText(path),
        message,
      }),
    );
    await this.printTable(
      findings,
      [
        { header: 'place', value: ({ line, column }) => `${loaded.file}:${line}:${column}` },
        { header: 'rule', value: ({ rule }) => rule },
        { header: 'severity', value: ({ severity }) => severity },
        { header: 'finding', value: ({ message }) => message },
      ],
      'nothing to report',
    );
    this.endWith(findings.length === 0 ? ExitCode.done : ExitCode.findings);
    return {
      file: loaded.file,
      database: catalog?.database.name ?? null,
      tables: Object.keys(loaded.map.tables).length,
      findings,
    };
  }

  private async configuredMap(): Promise<string> {
    const context = await this.context();
    const { map } = context.settings('platform');
    if (map !== undefined) return context.path('platform', map);
    throw usageError('no data map is named', {
      code: 'map-missing',
      hints: ['give its file as an argument, or under platform.map in the configuration'],
    });
  }

  private async readCatalog() {
    const { openPlatform } = await import('../../lib/platform/connection.ts');
    const { readCatalog } = await import('../../lib/platform/catalog/index.ts');
    const client = await openPlatform(await (await this.context()).platformUrl(), { purpose: 'map lint' });
    try {
      return await readCatalog(client);
    } finally {
      await client.end();
    }
  }
}
