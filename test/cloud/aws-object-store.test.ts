import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll } from 'vitest';
import { openS3ObjectStore, type S3ObjectStoreOptions } from '../../src/lib/cloud/aws/object-store.ts';
import type { ObjectStore } from '../../src/lib/cloud/object-store.ts';
import { objectStoreContract } from '../contract/object-store.ts';
import { s3BucketContract } from '../contract/s3-bucket.ts';
import { type Moto, startMoto } from '../support/moto.ts';
import { describeWith } from '../support/optional.ts';

describeWith(['moto'], 'the S3 adapter against moto', ({ moto: path }) => {
  let moto: Moto;
  let client: S3Client;
  const stores = new Map<string, ObjectStore>();

  const open = (options: Partial<S3ObjectStoreOptions> = {}) =>
    openS3ObjectStore({
      bucket: 'locked',
      endpoint: moto.endpoint,
      credentials: moto.credentials,
      maxAttempts: 2,
      ...options,
    });

  beforeAll(async () => {
    moto = await startMoto(path);
    client = new S3Client({
      endpoint: moto.endpoint,
      region: 'us-east-1',
      credentials: moto.credentials,
      forcePathStyle: true,
    });
    await client.send(new CreateBucketCommand({ Bucket: 'locked', ObjectLockEnabledForBucket: true }));
    await client.send(new CreateBucketCommand({ Bucket: 'plain' }));
    stores.set('auto', await open({ prefix: 'off-site/mail/' }));
    stores.set('sha256', await open({ checksum: 'sha256' }));
  });

  afterAll(async () => {
    client?.destroy();
    await moto?.stop();
  });

  for (const mode of ['auto', 'sha256']) {
    objectStoreContract(
      `S3 with checksum ${mode}`,
      'exclusive one after the other',
      () => stores.get(mode) as ObjectStore,
    );
  }

  s3BucketContract({ keysOverOnePage: 110, open, client: () => client });
});
