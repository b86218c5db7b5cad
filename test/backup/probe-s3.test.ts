import { CreateBucketCommand, PutObjectLockConfigurationCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openS3ObjectStore } from '../../src/lib/cloud/aws/object-store.ts';
import { type Moto, startMoto } from '../support/moto.ts';
import { describeWith } from '../support/optional.ts';
import { probe } from './probe-lines.ts';

describeWith(['moto'], 'the probe of S3', ({ moto: path }) => {
  let moto: Moto;
  let client: S3Client;

  beforeAll(async () => {
    moto = await startMoto(path);
    client = new S3Client({
      endpoint: moto.endpoint,
      region: 'us-east-1',
      credentials: moto.credentials,
      forcePathStyle: true,
    });
    for (const [Bucket, ObjectLockEnabledForBucket] of [
      ['locked', true],
      ['default-lock', true],
      ['plain', false],
    ] as const)
      await client.send(new CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket }));
    await client.send(
      new PutObjectLockConfigurationCommand({
        Bucket: 'default-lock',
        ObjectLockConfiguration: {
          ObjectLockEnabled: 'Enabled',
          Rule: { DefaultRetention: { Mode: 'GOVERNANCE', Days: 1 } },
        },
      }),
    );
  });

  afterAll(async () => {
    client?.destroy();
    await moto?.stop();
  });

  const open = (bucket: string) =>
    openS3ObjectStore({ bucket, endpoint: moto.endpoint, credentials: moto.credentials, maxAttempts: 2 });

  test('sees the lock kept in a bucket with Object Lock, on the first look and on the next', async () => {
    const store = await open('locked');
    for (const write of ['stored', 'was stored today']) {
      const { lines, of } = await probe(store, 'compliance', new Date());
      expect(of('write')?.message).toContain(write);
      // All-powerful credentials may set delete markers, which is the one thing to find here.
      expect(lines.filter(({ state }) => state !== 'ok').map(({ aspect }) => aspect)).toEqual(['hide']);
      expect(of('delete')?.message).toBe('refused because of the lock');
    }
  });

  test('finds a default retention, and a bucket without versions or Object Lock', async () => {
    expect(
      (await probe(await open('default-lock'), 'governance', new Date())).of('default retention'),
    ).toMatchObject({
      state: 'finding',
    });
    const plain = await probe(await open('plain'), 'governance', new Date());
    expect(plain.of('versions')?.state).toBe('finding');
    expect(plain.of('write')).toMatchObject({
      state: 'finding',
      message: expect.stringContaining('no Object Lock'),
    });
    const unlocked = await probe(await open('plain'), 'unlocked', new Date());
    const wrong = unlocked.lines.filter(({ state }) => state === 'finding').map(({ aspect }) => aspect);
    expect(wrong).toEqual(['versions', 'lock', 'overwrite', 'hide']);
  });
});
