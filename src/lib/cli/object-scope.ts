import {
  type DataMap,
  loadDataMap,
  type ModelTable,
  mapModel,
  objectReferences,
} from '../platform/map/index.ts';
import type { KeyTemplate, ScannedBucket } from '../subject/residue/index.ts';
import type { PosternContext } from './context.ts';

/** The buckets that may hold data of persons. */
export interface ObjectScope {
  readonly buckets: readonly ScannedBucket[];
  /** Buckets that the map names and for which the profile knows no store. */
  readonly unasked: readonly { readonly bucket: string; readonly reason: string }[];
}

/**
 * Opens the store of every bucket of `subjects.buckets`, or else of `backup.objects.buckets`, whether the map names it
 * or not.
 * @param map undefined where none is configured
 * @throws {PosternError} exit 2, as `PosternContext.store`
 */
export async function objectScope(context: PosternContext, map: DataMap | undefined): Promise<ObjectScope> {
  const { subjects, backup } = context.config.profile;
  const settings = subjects?.buckets ?? backup?.objects?.buckets ?? {};
  const templates = map === undefined ? new Map<string, KeyTemplate[]>() : keyTemplates(map);
  const buckets = await Promise.all(
    Object.entries(settings).map(async ([bucket, { store, prefix = '' }]) => ({
      bucket,
      store: await context.store(store),
      prefix,
      templates: templates.get(bucket) ?? [],
    })),
  );
  const unasked = [...templates.keys()]
    .filter((bucket) => settings[bucket] === undefined)
    .map((bucket) => ({ bucket, reason: 'subjects.buckets names no store for it' }));
  return { buckets, unasked };
}

/** By bucket. */
function keyTemplates(map: DataMap): ReadonlyMap<string, KeyTemplate[]> {
  const templates = new Map<string, KeyTemplate[]>();
  const { tables } = mapModel(map);
  for (const { table, bucket, key } of objectReferences(map)) {
    const entry = tables.get(table);
    const clear = entry === undefined ? new Set<string>() : clearColumns(entry);
    templates.set(bucket, [...(templates.get(bucket) ?? []), { parts: key, clear }]);
  }
  return templates;
}

/** Keys of rows, and hashes of contents; no telephone number, which looks like one. */
function clearColumns({ entry, columns }: ModelTable): ReadonlySet<string> {
  const isClear = (column: string): boolean => {
    const { category = '', identity } = entry.fields?.[column] ?? {};
    if (category === 'user.unique_id') return true;
    return identity === undefined && (category === '' || category.startsWith('user.content'));
  };
  return new Set([...columns].filter(isClear));
}

/** The map that the profile names; undefined where it names none. @throws {PosternError} exit 2, as `loadDataMap` */
export async function optionalMap(context: PosternContext): Promise<DataMap | undefined> {
  const { map } = context.settings('platform');
  return map === undefined ? undefined : (await loadDataMap(context.path('platform', map))).map;
}
