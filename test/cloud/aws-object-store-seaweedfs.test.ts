import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll } from 'vitest';
import { openS3ObjectStore, type S3ObjectStoreOptions } from '../../src/lib/cloud/aws/object-store.ts';
import type { ObjectStore } from '../../src/lib/cloud/object-store.ts';
import { objectStoreContract } from '../contract/object-store.ts';
import { s3BucketContract } from '../contract/s3-bucket.ts';
import { describeWith } from '../support/optional.ts';
import { type SeaweedFs, startSeaweedFs } from '../support/seaweedfs.ts';

describeWith(['seaweedfs'], 'the S3 adapter against SeaweedFS', ({ seaweedfs: path }) => {
  let server: SeaweedFs;
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
    server = await startSeaweedFs(path);
    client = new S3Client({
      endpoint: server.endpoint,
      region: server.region,
      credentials: server.credentials,
      forcePathStyle: true,
    });
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
      'exclusive at once',
      () => stores.get(mode) as ObjectStore,
      'folder keys emptied',
    );
  }

  s3BucketContract({ keysOverOnePage: 1_010, open, client: () => client });
});
