import { bucketLocation, trimmed } from '../location.ts';
import { checkRange } from '../object-error.ts';
import { checkObjectKey } from '../object-key.ts';
import { checkMetadata } from '../object-metadata.ts';
import type { GetOptions, ObjectStore, OpenedObject } from '../object-store.ts';
import { type AwsClientOptions, clientConfig } from './client.ts';
import { bucketCapabilities } from './s3-capabilities.ts';
import { type ChecksumMode, resolveChecksum } from './s3-checksum.ts';
import type { S3Context } from './s3-context.ts';
import { deleteObject } from './s3-delete.ts';
import { openObject } from './s3-get.ts';
import { headObject } from './s3-head.ts';
import { listObjects, listObjectVersions } from './s3-list.ts';
import { putObject } from './s3-put.ts';

export interface S3ObjectStoreOptions extends AwsClientOptions {
  readonly bucket: string;
  /** Put before every key, and hidden from callers; `backups` and `backups/` are the same. */
  readonly prefix?: string;
  /** `https://host/bucket` rather than `https://bucket.host`; on unless told otherwise at an `endpoint` of one's own. */
  readonly pathStyle?: boolean;
  /** `auto` unless told. */
  readonly checksum?: ChecksumMode;
  /**
   * `native`, unless told: `ifNoneMatch` is the store's own If-None-Match. `emulated`: HEAD, then PUT, for stores
   * without it (Backblaze B2 answers 501); two writers at once can then overwrite each other.
   */
  readonly conditionalPut?: 'native' | 'emulated';
}

/**
 * Opens a bucket of AWS S3 or a store that speaks its protocol (MinIO, Ceph, R2, B2). Nothing is asked of it yet.
 *
 * Its methods throw `PosternError`s with code `store-refused` (403), `store-credentials`, `store-unreachable`,
 * `store-unavailable` (5xx or throttled to the last attempt), `bucket-missing`, `store-wrong-region`,
 * `store-no-object-lock`, `store-no-conditional-put`, `store-unordered`, `store-failed`, beside those of the port.
 */
export async function openS3ObjectStore(options: S3ObjectStoreOptions): Promise<ObjectStore> {
  const context = await openContext(options);
  const { location } = context;

  async function open(key: string, get: GetOptions = {}): Promise<OpenedObject> {
    checkObjectKey(key);
    checkRange(get.range);
    return openObject(context, key, get);
  }

  async function* getStream(key: string, get?: GetOptions): AsyncIterable<Uint8Array> {
    yield* (await open(key, get)).body;
  }

  return {
    location,

    async put(key, body, put = {}) {
      checkObjectKey(key);
      checkObjectKey(context.prefix + key);
      checkMetadata(put.metadata);
      return putObject(context, key, body, put);
    },

    async get(key, get) {
      const chunks: Uint8Array[] = [];
      for await (const chunk of getStream(key, get)) chunks.push(chunk);
      return chunks.length === 1 ? (chunks[0] as Uint8Array) : Buffer.concat(chunks);
    },

    getStream,
    open,

    async head(key, { versionId } = {}) {
      checkObjectKey(key);
      return headObject(context, key, versionId);
    },

    list: (prefix) => listObjects(context, prefix),
    listVersions: (prefix) => listObjectVersions(context, prefix),

    async delete(key, { versionId } = {}) {
      checkObjectKey(key);
      return deleteObject(context, key, versionId);
    },

    capabilities: () => bucketCapabilities(context),
  };
}

async function openContext(options: S3ObjectStoreOptions): Promise<S3Context> {
  const { S3Client } = await import('@aws-sdk/client-s3');
  const { bucket, endpoint, pathStyle = endpoint !== undefined, checksum = 'auto' } = options;
  const prefix = trimmed(options.prefix ?? '');
  const config = clientConfig(options);
  const client = new S3Client({
    ...config,
    forcePathStyle: pathStyle,
    // The default, CRC32 on everything, breaks S3-compatible stores; we choose the checksum of each PUT ourselves.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
  return {
    client,
    bucket,
    location: bucketLocation({ bucket, prefix }),
    checksum: resolveChecksum(checksum, endpoint),
    conditionalPut: options.conditionalPut ?? 'native',
    maxAttempts: config.maxAttempts,
    prefix: prefix === '' ? '' : `${prefix}/`,
  };
}
