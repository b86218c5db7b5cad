import { usageError } from '../../base/error.ts';
import type { JsonObject } from '../../crypto/canonical-json.ts';
import type { Manifest } from '../format/manifest.ts';
import { objectSets } from '../objects/readable-set.ts';
import { type ObjectTarget, restoreObjects } from '../objects/restore.ts';
import type { RestoreContext } from './context.ts';
import type { RestoreWork } from './work.ts';

/** Where the mail objects of a bucket go: a store of the configuration; null: nowhere. */
export type ObjectTargets = Readonly<
  Record<string, { readonly store: string; readonly prefix: string } | null>
>;

/**
 * Reads `STORE[/PREFIX]`, or `BUCKET=STORE[/PREFIX]` where the set has several buckets; those that nobody names are
 * left out.
 * @throws {PosternError} exit 2 `objects-none`, `bucket-unknown`, `bucket-untold`, and what the store's own settings lack
 */
export async function readObjectTargets(
  context: Pick<RestoreContext, 'objectStore'>,
  words: readonly string[],
  { setId, objects }: Pick<Manifest, 'setId' | 'objects'>,
): Promise<ObjectTargets> {
  const buckets = objects?.buckets.map(({ name }) => name) ?? [];
  if (buckets.length === 0) {
    throw usageError(`the set ${setId} holds no mail objects`, {
      code: 'objects-none',
      hints: ['leave --objects-to out'],
    });
  }
  const targets: Record<string, { store: string; prefix: string } | null> = Object.fromEntries(
    buckets.map((name) => [name, null]),
  );
  for (const word of words) {
    const [, named, store = '', folder = ''] = /^(?:([^=/]+)=)?([^=/]+)(?:\/(.*))?$/.exec(word) ?? [];
    const bucket = named ?? (buckets.length === 1 ? buckets[0] : undefined);
    if (store === '' || bucket === undefined) {
      throw usageError(`${JSON.stringify(word)} does not say where which objects are to go`, {
        code: 'bucket-untold',
        hints: [`write BUCKET=STORE/PREFIX; the buckets of the set are: ${buckets.join(', ')}`],
      });
    }
    if (!(bucket in targets)) {
      throw usageError(`the set ${setId} has no bucket ${bucket}`, {
        code: 'bucket-unknown',
        hints: [`its buckets are: ${buckets.join(', ')}`],
      });
    }
    await context.objectStore(store);
    targets[bucket] = { store, prefix: folder === '' ? '' : `${folder.replace(/\/+$/, '')}/` };
  }
  return targets;
}

/** Puts the mail objects of the set into these stores; what is there and equal is passed over. Errors as `restoreObjects`. */
export async function restoreObjectsTo(
  context: RestoreContext,
  { manifest, keys }: RestoreWork,
  targets: ObjectTargets,
): Promise<JsonObject> {
  const opened: Record<string, ObjectTarget | undefined> = {};
  for (const [bucket, target] of Object.entries(targets)) {
    opened[bucket] =
      target === null ? undefined : { store: await context.objectStore(target.store), prefix: target.prefix };
  }
  const { progress, signal } = context;
  const sets = objectSets(context.sets, keys);
  return { ...(await restoreObjects(sets, manifest, { targets: opened, progress, signal })) };
}

/** One line for a person. */
export function objectsSummary(targets: ObjectTargets | null): string {
  if (targets === null) return 'restore no mail objects';
  const told = Object.entries(targets).map(([bucket, target]) =>
    target === null ? `none of ${bucket}` : `those of ${bucket} to ${target.store}/${target.prefix}`,
  );
  return `restore mail objects: ${told.join(', ')}`;
}
