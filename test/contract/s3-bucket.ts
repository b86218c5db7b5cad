import { randomBytes } from 'node:crypto';
import {
  CreateBucketCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { describe, expect, test } from 'vitest';
import type { S3ObjectStoreOptions } from '../../src/lib/cloud/aws/object-store.ts';
import type { ObjectStore } from '../../src/lib/cloud/object-store.ts';
import { collect } from './object-store.ts';

const text = (value: string) => new TextEncoder().encode(value);

export interface S3Server {
  /** How many keys its listings certainly hand out in more than one page. */
  readonly keysOverOnePage: number;
  /** Opens the bucket `locked`, which has versions and object lock, or another. */
  readonly open: (options?: Partial<S3ObjectStoreOptions>) => Promise<ObjectStore>;
  /** The administrator's, to do what other programs do. */
  readonly client: () => S3Client;
}

/** What the S3 adapter promises beyond the port, of any server: `locked` and `plain` are buckets of it. */
export function s3BucketContract({ keysOverOnePage, open, client }: S3Server): void {
  describe('a bucket', () => {
    test.each(['sha256', 'crc32', 'crc64nvme', 'md5', 'none'] as const)(
      'round-trips with checksum %s',
      async (checksum) => {
        const store = await open({ checksum, prefix: checksum });
        const body = randomBytes(200_000);
        const { sha256 } = await store.put('object', body, {
          retention: { mode: 'governance', until: new Date(Date.now() + 1e7) },
        });
        expect(await store.head('object')).toMatchObject({
          sha256,
          size: 200_000,
          retention: { mode: 'governance' },
        });
        expect(Buffer.from(await store.get('object')).equals(body)).toBe(true);
      },
    );

    test('hides its prefix from callers and keeps to it', async () => {
      const inner = await open({ prefix: '/a/b/' });
      const outer = await open();
      await inner.put('key', text('x'));
      await outer.put('a/bc', text('y'));
      expect(inner.location).toBe('s3://locked/a/b');
      expect((await collect(inner.list(''))).map(({ key }) => key)).toEqual(['key']);
      expect((await collect(outer.list('a/'))).map(({ key }) => key)).toEqual(['a/b/key', 'a/bc']);
    });

    test('lists more keys and versions than one page holds', async () => {
      const store = await open({ prefix: 'many' });
      const keys = Array.from({ length: keysOverOnePage }, (_, n) => `k${String(n).padStart(5, '0')}`);
      for (let start = 0; start < keys.length; start += 50) {
        await Promise.all(keys.slice(start, start + 50).map((key) => store.put(key, text(key))));
      }
      expect((await collect(store.list(''))).map(({ key }) => key)).toEqual(keys);
      expect((await collect(store.listVersions(''))).map(({ key }) => key)).toEqual(keys);
    });

    test('finds an object whose bytes are not the ones that were hashed', async () => {
      const store = await open({ prefix: 'corrupt' });
      const metadata = { 'postern-sha256': '0'.repeat(64) };
      await client().send(
        new PutObjectCommand({ Bucket: 'locked', Key: 'corrupt/x', Body: 'changed', Metadata: metadata }),
      );
      await expect(store.get('x')).rejects.toMatchObject({ code: 'object-corrupt', exitCode: 5 });
      await expect(collect(store.getStream('x'))).rejects.toMatchObject({ code: 'object-corrupt' });
      expect(await store.get('x', { range: { start: 0, end: 2 } })).toHaveLength(3);
    });

    test('reads what another program stored, without a hash', async () => {
      const store = await open({ prefix: 'foreign' });
      await client().send(new PutObjectCommand({ Bucket: 'locked', Key: 'foreign/x', Body: 'theirs' }));
      expect(Buffer.from(await store.get('x')).toString()).toBe('theirs');
    });

    test('without versions removes a deleted object, and has a history of one', async () => {
      const store = await open({ bucket: 'plain' });
      expect(await store.capabilities()).toMatchObject({ versioning: false, objectLock: false });
      await store.put('x', text('one'));
      await store.put('x', text('two'));
      expect(await collect(store.listVersions(''))).toMatchObject([{ key: 'x', isLatest: true, size: 3 }]);
      expect(await store.delete('x')).toBe('deleted');
      expect(await store.delete('x')).toBe('absent');
      expect(await collect(store.listVersions(''))).toEqual([]);
    });

    test('with suspended versions does not claim to keep them', async () => {
      await client().send(new CreateBucketCommand({ Bucket: 'suspended' }));
      await client().send(
        new PutBucketVersioningCommand({
          Bucket: 'suspended',
          VersioningConfiguration: { Status: 'Suspended' },
        }),
      );
      expect(await (await open({ bucket: 'suspended' })).capabilities()).toMatchObject({ versioning: false });
    });

    test('that does not exist is named as the reason', async () => {
      const store = await open({ bucket: 'nowhere' });
      const missing = { code: 'bucket-missing', exitCode: 1 };
      await expect(store.put('x', text('x'))).rejects.toMatchObject(missing);
      await expect(store.get('x')).rejects.toMatchObject(missing);
      await expect(collect(store.list(''))).rejects.toMatchObject(missing);
      await expect(collect(store.listVersions(''))).rejects.toMatchObject(missing);
      await expect(store.capabilities()).rejects.toMatchObject(missing);
    });
  });
}
