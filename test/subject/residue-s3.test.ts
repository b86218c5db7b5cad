import { gzipSync } from 'node:zlib';
import {
  CreateBucketCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openS3ObjectStore } from '../../src/lib/cloud/aws/object-store.ts';
import type { ObjectStore } from '../../src/lib/cloud/object-store.ts';
import { scanObjects } from '../../src/lib/subject/residue/index.ts';
import { type Moto, startMoto } from '../support/moto.ts';
import { describeWith } from '../support/optional.ts';

describeWith(['moto'], 'a bucket of S3', ({ moto: path }) => {
  let moto: Moto;
  let client: S3Client;
  let store: ObjectStore;

  beforeAll(async () => {
    moto = await startMoto(path);
    const { endpoint, credentials } = moto;
    client = new S3Client({ endpoint, region: 'us-east-1', credentials, forcePathStyle: true });
    await client.send(new CreateBucketCommand({ Bucket: 'mail' }));
    const VersioningConfiguration = { Status: 'Enabled' } as const;
    await client.send(new PutBucketVersioningCommand({ Bucket: 'mail', VersioningConfiguration }));
    store = await openS3ObjectStore({ bucket: 'mail', endpoint, credentials });
  });
  afterAll(async () => {
    client?.destroy();
    await moto?.stop();
  });

  const scan = async (bucket = store) => {
    const signal = new AbortController().signal;
    return scanObjects([{ bucket: 'mail', store: bucket, prefix: 'in/' }], {
      names: ['ann@example.org'],
      signal,
    });
  };

  test('is looked through over several pages: old versions, compressed ones, metadata, behind delete markers', async () => {
    for (let n = 0; n < 45; n += 1) await store.put(`in/${n}.eml`, Buffer.from(`To: bob${n}@example.org`));
    await store.put('in/7.eml', Buffer.from('To: ann@example.org'));
    await store.put('in/7.eml', Buffer.from('clean again'));
    const Body = gzipSync(`${'x '.repeat(99_999)}ann@example.org`);
    await client.send(
      new PutObjectCommand({ Bucket: 'mail', Key: 'in/8.eml', Body, ContentEncoding: 'gzip' }),
    );
    await store.put('in/9.eml', Buffer.from('clean'), { metadata: { from: 'Ann@Example.org' } });
    await store.put('in/ann@example.org/1', Buffer.from('clean'));
    await store.delete('in/ann@example.org/1');
    await store.put('out/1', Buffer.from('ann@example.org'));
    const { found, ...rest } = await scan();
    expect(found.map(({ place, column, rows }) => `${place} ${column} ${rows}`).toSorted()).toEqual([
      expect.stringMatching(/^object mail\/\*#[0-9a-f]{8} key 1$/),
      expect.stringMatching(/^object mail\/7\.\*#[0-9a-f]{8} body 1$/),
      expect.stringMatching(/^object mail\/8\.\*#[0-9a-f]{8} body 1$/),
      expect.stringMatching(/^object mail\/9\.\*#[0-9a-f]{8} metadata 1$/),
    ]);
    expect(rest).toMatchObject({ unasked: [], places: 1, objects: 51 });
  });

  test('that is not there is told, and nothing is called clean', async () => {
    const { endpoint, credentials } = moto;
    const gone = await openS3ObjectStore({ bucket: 'gone', endpoint, credentials });
    expect(await scan(gone)).toMatchObject({ places: 0, unasked: [{ source: 'bucket mail' }] });
  });
});
