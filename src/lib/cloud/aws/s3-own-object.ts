import { createHash } from 'node:crypto';
import type { HeadObjectCommandOutput, PutObjectCommandOutput } from '@aws-sdk/client-s3';
import { objectExists } from '../object-error.ts';
import { storedSha256 } from './s3-checksum.ts';
import { address, type S3Context } from './s3-context.ts';
import { asSdkError } from './sdk-error.ts';

/** Marks one conditional PUT, so that its lost answer can be told from another writer's object. */
export const tokenMetadata = 'postern-put';

/** What was sent by the PUT that may have succeeded. */
export interface Proof {
  readonly token: string;
  readonly body: Uint8Array;
  readonly sha256: string;
}

/** What the store says of the object that it took. */
export type PutAnswer = Pick<PutObjectCommandOutput, 'VersionId' | 'ChecksumSHA256' | 'ChecksumCRC32'>;

/**
 * After 412: the object that is there may be ours, stored by an attempt whose answer was lost. Its token tells; where a
 * store drops metadata or these credentials may not read it, an equal hash does, but only when there was an earlier
 * attempt.
 */
export async function ownObject(
  context: S3Context,
  key: string,
  { token, body, sha256 }: Proof,
  wasRetried: boolean,
  conflict: unknown,
): Promise<PutAnswer> {
  const { HeadObjectCommand } = await import('@aws-sdk/client-s3');
  const there = await context.client
    .send(new HeadObjectCommand({ ...address(context, key), ChecksumMode: 'ENABLED' }))
    .catch((error: unknown) => (asSdkError(error)?.status === 403 ? 'unread' : undefined));
  const found =
    there === 'unread' && wasRetried
      ? await listedTwin(context, key, body)
      : toOwn(there, sha256, token, wasRetried);
  if (found === undefined) throw objectExists(context.location, key, conflict);
  return found;
}

function toOwn(
  there: HeadObjectCommandOutput | 'unread' | undefined,
  sha256: string,
  token: string,
  wasRetried: boolean,
): PutAnswer | undefined {
  if (there === undefined || there === 'unread') return undefined;
  const theirToken = there.Metadata?.[tokenMetadata];
  const isSame = storedSha256(there.ChecksumSHA256, there.Metadata) === sha256;
  return isSame && (theirToken === token || (theirToken === undefined && wasRetried)) ? there : undefined;
}

/** The listing's ETag is the MD5 of the bytes, except under KMS keys, where nothing equal is found. */
async function listedTwin(context: S3Context, key: string, body: Uint8Array): Promise<PutAnswer | undefined> {
  const { ListObjectVersionsCommand } = await import('@aws-sdk/client-s3');
  const { Bucket, Key } = address(context, key);
  const page = await context.client
    .send(new ListObjectVersionsCommand({ Bucket, Prefix: Key, MaxKeys: 1 }))
    .catch(() => undefined);
  const newest = page?.Versions?.find((version) => version.Key === Key && version.IsLatest === true);
  const md5 = createHash('md5').update(body).digest('hex');
  return newest?.ETag?.replaceAll('"', '') === md5 ? pickVersion(newest) : undefined;
}

function pickVersion({ VersionId }: { readonly VersionId?: string | undefined }): PutAnswer {
  return VersionId === undefined ? {} : { VersionId };
}
