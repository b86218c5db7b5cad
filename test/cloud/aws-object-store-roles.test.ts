import { randomBytes } from 'node:crypto';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { leastPolicies } from '../../src/lib/backup/policy.ts';
import { openS3ObjectStore, type S3ObjectStoreOptions } from '../../src/lib/cloud/aws/object-store.ts';
import type { ObjectStore } from '../../src/lib/cloud/object-store.ts';
import { collect } from '../contract/object-store.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { describeWith } from '../support/optional.ts';
import { type S3Key, type SeaweedFs, startSeaweedFs } from '../support/seaweedfs.ts';

const day = 86_400_000;
const text = (value: string) => new TextEncoder().encode(value);
const roles = ['writer', 'reader', 'pruner'] as const;
type Role = (typeof roles)[number];

const prefix = 'off-site/backup/production/';
const policies = leastPolicies({
  bucket: 'vault',
  prefix,
  region: undefined,
  lock: { mode: 'compliance', duration: 365 * day },
  keyringLock: undefined,
  conditionalPut: 'native',
});

const refused = { code: 'store-refused', exitCode: 1 };

/** moto knows no conditions and believes every signature; SeaweedFS holds each request against the policies as printed. */
describeWith(['seaweedfs'], 'the least rights, enforced by SeaweedFS', ({ seaweedfs: path }) => {
  const keys = Object.fromEntries(
    roles.map((role) => [role, { accessKeyId: role, secretAccessKey: `secret of the ${role}` }]),
  ) as Record<Role, S3Key>;
  let server: SeaweedFs;
  let administrator: ObjectStore;
  let stores: Record<Role, ObjectStore>;

  const open = (options: Partial<S3ObjectStoreOptions>) =>
    openS3ObjectStore({
      bucket: 'vault',
      prefix,
      endpoint: server.endpoint,
      maxAttempts: 3,
      timeoutMs: 5_000,
      ...options,
    });

  beforeAll(async () => {
    server = await startSeaweedFs(
      path,
      roles.map((role) => ({ key: keys[role], policy: policies[role] })),
    );
    const { endpoint, region, credentials } = server;
    const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
    await client.send(new CreateBucketCommand({ Bucket: 'vault', ObjectLockEnabledForBucket: true }));
    client.destroy();
    administrator = await open({ credentials });
    const opened = await Promise.all(
      roles.map(async (role) => [role, await open({ credentials: keys[role] })]),
    );
    stores = Object.fromEntries(opened) as Record<Role, ObjectStore>;
  });

  afterAll(() => server?.stop());

  const versionsOf = (key: string) => collect(administrator.listVersions(key));

  /** An object under a lock, as a run stores it. */
  const stored = async (key: string) => {
    const retention = { mode: 'compliance', until: new Date(Date.now() + 365 * day) } as const;
    const put = await stores.writer.put(key, text('sealed'), { ifNoneMatch: '*', retention });
    return { versionId: put.versionId as string, until: retention.until };
  };

  test('let the writer store, lock, and read back size and lock, but neither contents nor hash', async () => {
    const { versionId, until } = await stored('2026/part');
    const head = await stores.writer.head('2026/part');
    expect(head).toMatchObject({ size: 6, versionId, retention: { mode: 'compliance' } });
    expect(Math.abs((head?.retention?.until.getTime() ?? 0) - until.getTime())).toBeLessThan(1_000);
    expect(head).not.toHaveProperty('sha256');
    await expect(stores.writer.get('2026/part')).rejects.toMatchObject(refused);
    await expect(stores.writer.get('2026/part', { versionId })).rejects.toMatchObject(refused);
    expect(await stores.writer.head('2026/none')).toBeUndefined();
    expect(await stores.writer.capabilities()).toMatchObject({ versioning: true, objectLock: true });
  });

  test('let the writer list its own part of the bucket and no other', async () => {
    await stored('2026/listed');
    expect((await collect(stores.writer.list('2026/l'))).map(({ key }) => key)).toEqual(['2026/listed']);
    expect(await collect(stores.writer.listVersions('2026/l'))).toHaveLength(1);
    const outside = await open({ credentials: keys.writer, prefix: 'off-site/backup/production2/' });
    await expect(collect(outside.list(''))).rejects.toMatchObject(refused);
    await expect(outside.put('key', text('x'))).rejects.toMatchObject(refused);
  });

  test('let the writer destroy and hide nothing, locked or not', async () => {
    const { versionId } = await stored('2026/kept');
    expect(await stores.writer.delete('2026/kept', { versionId })).toBe('retained');
    await expect(stores.writer.delete('2026/kept')).rejects.toMatchObject(refused);
    const free = await administrator.put('2026/free', text('x'));
    await expect(
      stores.writer.delete('2026/free', { versionId: free.versionId as string }),
    ).rejects.toMatchObject(refused);
    await expect(stores.writer.put('2026/kept', text('forged'), { ifNoneMatch: '*' })).rejects.toMatchObject({
      code: 'object-exists',
    });
    expect(await versionsOf('2026/kept')).toMatchObject([{ versionId, isLatest: true }]);
  });

  test('let the reader read every version and change nothing', async () => {
    const { versionId } = await stored('2026/read');
    await administrator.put('2026/read', text('forged'));
    expect(Buffer.from(await stores.reader.get('2026/read', { versionId })).toString()).toBe('sealed');
    expect(await stores.reader.head('2026/read', { versionId })).toMatchObject({
      sha256: expect.any(String),
      retention: { mode: 'compliance' },
    });
    await expect(stores.reader.put('2026/new', text('x'))).rejects.toMatchObject(refused);
    await expect(stores.reader.delete('2026/read')).rejects.toMatchObject(refused);
  });

  test('let the pruner delete what no lock holds, by its version, and neither hide nor read', async () => {
    const { versionId } = await stored('2026/locked');
    const free = await administrator.put('2026/expired', text('x'));
    const version = { versionId: free.versionId as string };
    await expect(stores.pruner.get('2026/expired')).rejects.toMatchObject(refused);
    await expect(stores.pruner.delete('2026/expired')).rejects.toMatchObject(refused);
    expect(await stores.pruner.delete('2026/expired', version)).toBe('deleted');
    expect(await stores.pruner.delete('2026/expired', version)).toBe('absent');
    expect(await stores.pruner.delete('2026/locked', { versionId })).toBe('retained');
  });

  test.each([
    ['an unknown key', { accessKeyId: 'nobody', secretAccessKey: 'x' }],
    ['a wrong secret', { accessKeyId: 'writer', secretAccessKey: 'x' }],
  ])('refuse %s as a matter of credentials', async (_, credentials) => {
    const store = await open({ credentials });
    const wrong = { code: 'store-credentials', exitCode: 1 };
    await expect(store.put('key', text('x'))).rejects.toMatchObject(wrong);
    await expect(store.head('key')).rejects.toMatchObject(wrong);
  });

  describe('over a network that fails', () => {
    const body = randomBytes(6_000_000);
    let proxy: FaultProxy;
    let writer: ObjectStore;
    let reader: ObjectStore;

    beforeAll(() => administrator.put('2026/large', body));

    beforeEach(async () => {
      proxy = await startFaultProxy(server.endpoint);
      const endpoint = `http://127.0.0.1:${proxy.port}`;
      writer = await open({ endpoint, credentials: keys.writer });
      reader = await open({ endpoint, credentials: keys.reader, timeoutMs: 1_000 });
    });

    afterEach(() => proxy?.stop());

    test.each([
      ['small', text('sealed')],
      ['large', body],
    ])(
      'a %s PUT whose answer is lost has succeeded, and is found to be the writer’s own',
      async (size, bytes) => {
        const lost = proxy.when({ direction: 'to client', pattern: 'HTTP/1.1 200', side: 'before' }, 'reset');
        const { versionId } = await writer.put(`2026/lost-${size}`, bytes, { ifNoneMatch: '*' });
        await lost.fired;
        expect(await versionsOf(`2026/lost-${size}`)).toMatchObject([{ versionId }]);
      },
    );

    test('a PUT that is cut in the middle is sent again, and leaves one version', async () => {
      const cut = proxy.when({ direction: 'to server', bytes: 3_000_000 }, 'reset');
      await writer.put('2026/cut', body, { ifNoneMatch: '*' });
      await cut.fired;
      expect(await versionsOf('2026/cut')).toHaveLength(1);
      expect(Buffer.from(await reader.get('2026/cut')).equals(body)).toBe(true);
    });

    test('a PUT of which one bit is turned on the way is not stored', async () => {
      const turned = proxy.when({ direction: 'to server', bytes: 3_000_000, times: 9 }, { flip: 0 });
      await expect(writer.put('2026/turned', body, { ifNoneMatch: '*' })).rejects.toMatchObject({
        code: 'store-failed',
        exitCode: 1,
      });
      await turned.fired;
      expect(await versionsOf('2026/turned')).toEqual([]);
    });

    test.each(['reset', 'stall', 'close'] as const)(
      'a GET that meets a %s in the middle is taken up where it broke',
      async (fault) => {
        const broken = proxy.when({ direction: 'to client', bytes: 2_000_000 }, fault);
        expect(Buffer.from(await reader.get('2026/large')).equals(body)).toBe(true);
        await broken.fired;
      },
    );

    test('a GET of which one bit is turned on the way is called corrupt', async () => {
      const turned = proxy.when({ direction: 'to client', bytes: 2_000_000 }, { flip: 0 });
      await expect(reader.get('2026/large')).rejects.toMatchObject({ code: 'object-corrupt', exitCode: 5 });
      await turned.fired;
    });
  });
});
