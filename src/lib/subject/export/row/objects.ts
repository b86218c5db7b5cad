import { allOf } from '../../../base/byte-source.ts';
import { PosternError } from '../../../base/error.ts';
import type { ObjectStore } from '../../../cloud/object-store.ts';

/** Where the objects of a bucket are. */
export interface Bucket {
  readonly store: ObjectStore;
  /** In front of every key. */
  readonly prefix: string;
}

/** @returns undefined where the configuration has no store for it */
export type OpenBucket = (name: string) => Promise<Bucket | undefined>;

/** An object as it comes, or why it does not. */
export type FetchedObject =
  | { readonly content: Buffer }
  /** Too large to stand in memory; to be read once, to its end. */
  | { readonly stream: AsyncIterable<Uint8Array>; readonly size: number }
  | { readonly missing: MissingReason };

export type MissingReason = 'object-missing' | 'object-unreadable' | 'no-store' | 'too-large';

/** Bytes that are read at once. */
const smallObject = 4 << 20;

export interface FetchOptions {
  /** Whole, up to so many bytes: a message cannot be masked in pieces. */
  readonly wholeUpTo?: number;
  readonly signal: AbortSignal;
}

/** Never throws for an object that cannot be had: the rest of the export does not need it. */
export async function fetchObject(
  openBucket: OpenBucket,
  bucket: string,
  key: string,
  { wholeUpTo = 0, signal }: FetchOptions,
): Promise<FetchedObject> {
  try {
    const found = await openBucket(bucket);
    if (found === undefined) return { missing: 'no-store' };
    const { object, body } = await found.store.open(`${found.prefix}${key}`);
    if (object.size <= Math.max(smallObject, wholeUpTo)) return { content: await allOf(body) };
    if (wholeUpTo === 0) return { stream: body, size: object.size };
    await body[Symbol.asyncIterator]().return?.();
    return { missing: 'too-large' };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof PosternError)) throw error;
    return { missing: error.code === 'object-missing' ? 'object-missing' : 'object-unreadable' };
  }
}
