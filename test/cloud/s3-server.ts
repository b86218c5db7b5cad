import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll } from 'vitest';
import { openS3ObjectStore, type S3ObjectStoreOptions } from '../../src/lib/cloud/aws/object-store.ts';
import type { ObjectStore } from '../../src/lib/cloud/object-store.ts';
import type { KeyForm } from '../contract/object-keys.ts';
import { type Exclusiveness, objectStoreContract } from '../contract/object-store.ts';
import { s3BucketContract } from '../contract/s3-bucket.ts';

interface S3Server {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  stop(): Promise<void>;
}

/** What servers differ in. */
interface Differences {
  readonly exclusiveness: Exclusiveness;
  readonly keyForm: KeyForm;
  readonly keysOverOnePage: number;
}

/** What holds for the S3 adapter before every server: the contract of stores, with each kind of checksum, and that of buckets. */
export function s3ServerContract(
  start: () => Promise<S3Server>,
  { exclusiveness, keyForm, keysOverOnePage }: Differences,
): void {
  let server: S3Server;
  let client: S3Client;
  const stores = new Map<string, ObjectStore>();

  const open = (options: Partial<S3ObjectStoreOptions> = {}) =>
    openS3ObjectStore({
      bucket: 'locked',
      endpoint: server.endpoint,
      credentials: server.credentials,
      maxAttempts: 2,
      ...options,
    });

  beforeAll(async () => {
    server = await start();
    const { endpoint, region, credentials } = server;
    client = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
    await client.send(new CreateBucketCommand({ Bucket: 'locked', ObjectLockEnabledForBucket: true }));
    await client.send(new CreateBucketCommand({ Bucket: 'plain' }));
    stores.set('auto', await open({ prefix: 'off-site/mail/' }));
    stores.set('sha256', await open({ checksum: 'sha256' }));
  });

  afterAll(async () => {
    client?.destroy();
    await server?.stop();
  });

  for (const mode of ['auto', 'sha256']) {
    objectStoreContract(
      `S3 with checksum ${mode}`,
      exclusiveness,
      () => stores.get(mode) as ObjectStore,
      keyForm,
    );
  }

  s3BucketContract({ keysOverOnePage, open, client: () => client });
}
