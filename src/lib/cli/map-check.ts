import type { DataMap, Finding } from '../platform/map/index.ts';
import type { MapCheckResult } from '../platform/map/results.ts';
import type { PosternContext } from './context.ts';
import { objectLook } from './map-objects.ts';
import { lookOptions, type SampleFlags, withPlatformReading } from './map-scan.ts';

/** The rules of `map lint` against the database, what a sample of its values says, and the keys of its buckets. */
export function checkPlatform(
  context: PosternContext,
  map: DataMap,
  flags: SampleFlags & { readonly 'no-objects': boolean },
): Promise<{
  readonly database: string;
  readonly findings: readonly Finding[];
  readonly unseen: readonly MapCheckResult['unseen'][number][];
}> {
  return withPlatformReading(context, 'map check', async (db) => {
    const { readCatalog } = await import('../platform/catalog/index.ts');
    const { lintDataMap } = await import('../platform/map/index.ts');
    const { checkData, checkObjects, withLocked } = await import('../platform/map/scan/index.ts');
    const catalog = await readCatalog(db, { locked: 'skip' });
    const look = lookOptions(context, flags);
    const data =
      look === undefined ? { findings: [], unseen: [] } : await checkData(db, { map, catalog }, look);
    const objects = await objectLook(context, map, flags);
    const keys =
      objects === undefined
        ? { findings: [], unseen: [] }
        : await checkObjects(map, catalog.relations, objects);
    return {
      database: catalog.database.name,
      findings: [...data.findings, ...keys.findings, ...lintDataMap(map, catalog)],
      unseen: withLocked([...data.unseen, ...keys.unseen], catalog),
    };
  });
}
