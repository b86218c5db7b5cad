import type { DataMap, Finding } from '../platform/map/index.ts';
import type { MapCheckResult } from '../platform/map/results.ts';
import type { PosternContext } from './context.ts';
import { lookOptions, type SampleFlags, withPlatformReading } from './map-scan.ts';

/** The rules of `map lint` against the database, and what a sample of its values says. */
export function checkPlatform(
  context: PosternContext,
  map: DataMap,
  flags: SampleFlags,
): Promise<{
  readonly database: string;
  readonly findings: readonly Finding[];
  readonly unseen: readonly MapCheckResult['unseen'][number][];
}> {
  return withPlatformReading(context, 'map check', async (db) => {
    const { readCatalog } = await import('../platform/catalog/index.ts');
    const { lintDataMap } = await import('../platform/map/index.ts');
    const { checkData } = await import('../platform/map/scan/index.ts');
    const catalog = await readCatalog(db);
    const look = lookOptions(context, flags);
    const data =
      look === undefined ? { findings: [], unseen: [] } : await checkData(db, { map, catalog }, look);
    return {
      database: catalog.database.name,
      findings: [...data.findings, ...lintDataMap(map, catalog)],
      unseen: data.unseen,
    };
  });
}
