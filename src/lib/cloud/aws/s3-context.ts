import type { HeadObjectCommandOutput, S3Client } from '@aws-sdk/client-s3';
import { reservedMetadata } from '../object-metadata.ts';
import type { Retention, StoredObject } from '../object-store.ts';
import { type ChecksumMode, storedSha256 } from './s3-checksum.ts';
import type { S3Operation } from './s3-error.ts';

/** What every S3 operation needs; made once when the store is opened. */
export interface S3Context {
  readonly client: S3Client;
  readonly bucket: string;
  readonly location: string;
  readonly checksum: Exclude<ChecksumMode, 'auto'>;
  readonly conditionalPut: 'native' | 'emulated';
  readonly maxAttempts: number;
  /** Ends in `/` or is empty; callers never see it. */
  readonly prefix: string;
}

/** Names an operation for messages. */
export function operation({ location }: S3Context, verb: string, key?: string): S3Operation {
  return { location, verb, ...(key !== undefined && { key }) };
}

/** Bucket and full key, as every request on one object begins. */
export function address(
  { bucket, prefix }: S3Context,
  key: string,
): { readonly Bucket: string; readonly Key: string } {
  return { Bucket: bucket, Key: prefix + key };
}

/** The answer of HEAD in the port's words. */
export function toStored(key: string, answer: HeadObjectCommandOutput): StoredObject {
  const sha256 = storedSha256(answer.ChecksumSHA256, answer.Metadata);
  const metadata = Object.entries(answer.Metadata ?? {}).filter(
    ([name]) => !name.startsWith(reservedMetadata),
  );
  const retention = retentionOf(answer.ObjectLockMode, answer.ObjectLockRetainUntilDate);
  return {
    key,
    size: answer.ContentLength ?? 0,
    modified: answer.LastModified ?? new Date(0),
    ...(answer.VersionId !== undefined && { versionId: answer.VersionId }),
    ...(sha256 !== undefined && { sha256 }),
    ...(retention && { retention }),
    ...(answer.ContentType !== undefined && { contentType: answer.ContentType }),
    ...(metadata.length > 0 && { metadata: Object.fromEntries(metadata) }),
    ...(answer.SSEKMSKeyId !== undefined && { kmsKeyId: answer.SSEKMSKeyId }),
  };
}

/** S3's mode and date in the port's words; undefined where either is missing. */
export function retentionOf(mode: string | undefined, until: Date | undefined): Retention | undefined {
  if (mode === undefined || until === undefined) return undefined;
  return { mode: mode === 'COMPLIANCE' ? 'compliance' : 'governance', until };
}
