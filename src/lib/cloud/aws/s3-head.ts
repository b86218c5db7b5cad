import type { ListedVersion, Retention, StoredObject } from '../object-store.ts';
import { address, operation, retentionOf, type S3Context, toStored } from './s3-context.ts';
import { isMissing, withS3Errors } from './s3-error.ts';
import { listObjectVersions } from './s3-list.ts';
import { asSdkError } from './sdk-error.ts';

/**
 * What the store knows of an object. HeadObject needs s3:GetObject on AWS, which a host that only writes must not have:
 * where it is refused, the listing of versions and GetObjectRetention answer instead, without hash and metadata.
 */
export async function headObject(
  context: S3Context,
  key: string,
  versionId: string | undefined,
): Promise<StoredObject | undefined> {
  const { HeadObjectCommand } = await import('@aws-sdk/client-s3');
  const command = new HeadObjectCommand({
    ...address(context, key),
    ...(versionId !== undefined && { VersionId: versionId }),
    ChecksumMode: 'ENABLED',
  });
  return withS3Errors(operation(context, 'reading', key), async () => {
    try {
      return toStored(key, await context.client.send(command));
    } catch (error) {
      const status = asSdkError(error)?.status ?? 0;
      // A delete marker asked for by its id answers 405; a version id that was never issued, 400.
      if (isMissing(error) || (versionId !== undefined && [400, 405].includes(status))) return undefined;
      // The answer to HEAD has no body, so expired credentials look the same; the listing then says which it is.
      if (status === 403) return headByListing(context, key, versionId);
      throw error;
    }
  });
}

/** As `headObject`, with s3:ListBucketVersions and s3:GetObjectRetention alone. */
async function headByListing(
  context: S3Context,
  key: string,
  versionId: string | undefined,
): Promise<StoredObject | undefined> {
  const found = await listedVersion(context, key, versionId);
  if (found === undefined || found.isDeleteMarker) return undefined;
  const retention = await readRetention(context, key, found.versionId);
  return {
    key,
    size: found.size,
    modified: found.modified,
    ...(found.versionId !== undefined && { versionId: found.versionId }),
    ...(retention && { retention }),
  };
}

/** The newest version of exactly this key, or the one of this id. */
export async function listedVersion(
  context: S3Context,
  key: string,
  versionId: string | undefined,
): Promise<ListedVersion | undefined> {
  for await (const version of listObjectVersions(context, key)) {
    // Keys come in byte order, so the key itself stands before those that it is only the beginning of.
    if (version.key !== key) return undefined;
    if (versionId === undefined ? version.isLatest : version.versionId === versionId) return version;
  }
  return undefined;
}

/** Needs s3:GetObjectRetention alone. */
export async function readRetention(
  context: S3Context,
  key: string,
  versionId: string | undefined,
): Promise<Retention | undefined> {
  const { GetObjectRetentionCommand } = await import('@aws-sdk/client-s3');
  const command = new GetObjectRetentionCommand({
    ...address(context, key),
    ...(versionId !== undefined && { VersionId: versionId }),
  });
  return withS3Errors(operation(context, 'reading the retention of', key), async () => {
    try {
      const { Retention: found } = await context.client.send(command);
      return retentionOf(found?.Mode, found?.RetainUntilDate);
    } catch (error) {
      // 404: no retention on this version; 400: no Object Lock in this bucket.
      if ([400, 404].includes(asSdkError(error)?.status ?? 0)) return undefined;
      throw error;
    }
  });
}
