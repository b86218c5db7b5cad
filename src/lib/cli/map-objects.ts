import { PosternError } from '../base/error.ts';
import type { ObjectStore } from '../cloud/object-store.ts';
import type { DataMap } from '../platform/map/index.ts';
import { type KeySource, KeySourceError, type ObjectLook } from '../platform/map/scan/index.ts';
import { bucketReason } from '../subject/residue/index.ts';
import type { PosternContext } from './context.ts';
import { objectScope } from './object-scope.ts';

/** The buckets whose keys are to be listed; undefined with `--no-objects`. Errors as `objectScope`. */
export async function objectLook(
  context: PosternContext,
  map: DataMap | undefined,
  flags: { readonly 'no-objects': boolean },
): Promise<ObjectLook | undefined> {
  if (flags['no-objects']) return undefined;
  const { buckets, unasked } = await objectScope(context, map);
  const { signal, progress } = context;
  return {
    sources: [
      ...buckets.map(({ bucket, store, prefix }) => ({ bucket, keys: () => keysOf(store, prefix) })),
      ...unasked.map(({ bucket, reason }): KeySource => ({ bucket, keys: () => refusing(reason) })),
    ],
    signal,
    onBucket: (bucket) => progress.detail(`bucket ${bucket}`),
  };
}

async function* keysOf(store: ObjectStore, prefix: string): AsyncGenerator<string, void> {
  try {
    for await (const { key } of store.list(prefix)) yield key.slice(prefix.length);
  } catch (error) {
    throw error instanceof PosternError ? new KeySourceError(bucketReason(error), { cause: error }) : error;
  }
}

const refusing = (reason: string): AsyncIterable<string> => ({
  [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new KeySourceError(reason)) }),
});
