import { failure } from '../../base/error.ts';
import type { ListedObject, ListedVersion } from '../object-store.ts';
import { operation, type S3Context } from './s3-context.ts';
import { withS3Errors } from './s3-error.ts';

/** The newest version of every key under the prefix, page by page. */
export async function* listObjects(context: S3Context, prefix: string): AsyncIterable<ListedObject> {
  const { ListObjectsV2Command } = await import('@aws-sdk/client-s3');
  const inOrder = orderCheck(context, 'strict');
  for (let token: string | undefined; ; ) {
    const command = new ListObjectsV2Command({
      Bucket: context.bucket,
      Prefix: context.prefix + prefix,
      ...(token !== undefined && { ContinuationToken: token }),
    });
    const page = await withS3Errors(operation(context, 'listing'), () => context.client.send(command));
    for (const { Key, Size, LastModified } of page.Contents ?? []) {
      const key = (Key ?? '').slice(context.prefix.length);
      if (key === '') continue;
      inOrder(key);
      yield { key, size: Size ?? 0, modified: LastModified ?? new Date(0) };
    }
    token = page.NextContinuationToken;
    if (page.IsTruncated !== true || token === undefined) return;
  }
}

/** Every version and delete marker: keys in ascending order, newest first within a key. */
export async function* listObjectVersions(context: S3Context, prefix: string): AsyncIterable<ListedVersion> {
  const { ListObjectVersionsCommand } = await import('@aws-sdk/client-s3');
  const inOrder = orderCheck(context, 'repeats');
  for (let marker: { readonly KeyMarker?: string; readonly VersionIdMarker?: string } | undefined; ; ) {
    const command = new ListObjectVersionsCommand({
      Bucket: context.bucket,
      Prefix: context.prefix + prefix,
      ...marker,
    });
    const page = await withS3Errors(operation(context, 'listing versions of'), () =>
      context.client.send(command),
    );
    const versions = [
      ...(page.Versions ?? []).map((version) => toListed(context, version, version.Size ?? 0, false)),
      ...(page.DeleteMarkers ?? []).map((deleted) => toListed(context, deleted, 0, true)),
    ];
    for (const version of versions.filter(({ key }) => key !== '').sort(byHistory)) {
      inOrder(version.key);
      yield version;
    }
    if (page.IsTruncated !== true || page.NextKeyMarker === undefined) return;
    marker = {
      KeyMarker: page.NextKeyMarker,
      ...(page.NextVersionIdMarker !== undefined && { VersionIdMarker: page.NextVersionIdMarker }),
    };
  }
}

interface Versioned {
  readonly Key?: string | undefined;
  readonly VersionId?: string | undefined;
  readonly IsLatest?: boolean | undefined;
  readonly LastModified?: Date | undefined;
}

function toListed(
  { prefix }: S3Context,
  found: Versioned,
  size: number,
  isDeleteMarker: boolean,
): ListedVersion {
  return {
    key: (found.Key ?? '').slice(prefix.length),
    size,
    modified: found.LastModified ?? new Date(0),
    ...(found.VersionId !== undefined && { versionId: found.VersionId }),
    isLatest: found.IsLatest ?? false,
    isDeleteMarker,
  };
}

/** The SDK hands versions and delete markers out in two lists; S3 had them in one. */
function byHistory(a: ListedVersion, b: ListedVersion): number {
  return (
    compareKeys(a.key, b.key) ||
    Number(b.isLatest) - Number(a.isLatest) ||
    b.modified.getTime() - a.modified.getTime()
  );
}

function compareKeys(a: string, b: string): number {
  return a === b ? 0 : Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/**
 * Callers merge listings, which an unordered one would silently ruin (S3 directory buckets are such); it also stops
 * a store that hands out the same page for ever.
 */
function orderCheck({ location }: S3Context, repeats: 'strict' | 'repeats'): (key: string) => void {
  let last: string | undefined;
  return (key) => {
    const order = last === undefined ? -1 : compareKeys(last, key);
    if (order > 0 || (order === 0 && repeats === 'strict')) {
      throw failure(`${location} does not list its keys in byte order: ${key} came after ${last}`, {
        code: 'store-unordered',
        hints: ['use a general purpose bucket; directory buckets are not supported'],
      });
    }
    last = key;
  };
}
