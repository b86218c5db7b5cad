import { pathText } from '../base/checked-yaml.ts';
import { usageError } from '../base/error.ts';
import type { Catalog } from '../platform/catalog/index.ts';
import type { Finding, LoadedDataMap } from '../platform/map/index.ts';
import type { PlacedFinding } from '../platform/map/results.ts';
import type { PosternContext } from './context.ts';
import type { Column } from './table.ts';

/** The file of the data map that the configuration names. @throws {PosternError} exit 2 `map-missing` */
export function configuredMap(context: PosternContext): string {
  const { map } = context.settings('platform');
  if (map !== undefined) return context.path('platform', map);
  throw usageError('no data map is named', {
    code: 'map-missing',
    hints: ['give its file as an argument, or under platform.map in the configuration'],
  });
}

/** The catalog of the platform database. Errors as `openPlatform` and `readCatalog`. */
export async function platformCatalog(context: PosternContext): Promise<Catalog> {
  const { openPlatform } = await import('../platform/connection.ts');
  const { readCatalog } = await import('../platform/catalog/index.ts');
  const client = await openPlatform(await context.platformUrl(), { purpose: 'map lint' });
  try {
    return await readCatalog(client, { locked: 'skip' });
  } finally {
    await client.end();
  }
}

/** Findings with their places in the file. */
export function placed(loaded: LoadedDataMap, findings: readonly Finding[]): PlacedFinding[] {
  return findings.map(({ rule, severity, path, message }) => ({
    rule,
    severity,
    ...loaded.positionOf(path),
    path: pathText(path),
    message,
  }));
}

export function findingColumns(file: string): readonly Column<PlacedFinding>[] {
  return [
    { header: 'place', value: ({ line, column }) => `${file}:${line}:${column}` },
    { header: 'rule', value: ({ rule }) => rule },
    { header: 'severity', value: ({ severity }) => severity },
    { header: 'finding', value: ({ message }) => message },
  ];
}
