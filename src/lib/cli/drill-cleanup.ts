import type { DrillCleanupResult } from '../backup/drill/results.ts';
import type { PosternContext } from './context.ts';
import { removeDeadDrillFolders } from './drill-folder.ts';
import { drillServerUrl } from './drill-options.ts';

/** Removes what drills have left on this host, and on the given server where there is one. */
export async function cleanUpDrills(
  context: PosternContext,
  asked: string | undefined,
): Promise<DrillCleanupResult> {
  const folders = await removeDeadDrillFolders('too');
  const url = await drillServerUrl(context, asked);
  if (url === undefined) return { dropped: [...folders], left: [] };
  const { cleanUpScratch } = await import('../backup/drill/scratch-cleanup.ts');
  const { dropped, left } = await cleanUpScratch(url, 'too');
  return { dropped: [...folders, ...dropped], left };
}
