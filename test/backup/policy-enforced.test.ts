import { fileURLToPath } from 'node:url';
import {
  CreateBucketCommand,
  PutBucketPolicyCommand,
  PutObjectRetentionCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Destination } from '../../src/lib/backup/destination.ts';
import { leastPolicies } from '../../src/lib/backup/policy.ts';
import { probeDestination } from '../../src/lib/backup/probe.ts';
import { openS3ObjectStore } from '../../src/lib/cloud/aws/object-store.ts';
import type { ObjectStore } from '../../src/lib/cloud/object-store.ts';
import { collect } from '../contract/object-store.ts';
import { type Moto, startMoto } from '../support/moto.ts';
import { enforcePolicies, motoUser } from '../support/moto-user.ts';
import { describeWith } from '../support/optional.ts';
import { type SeaweedFs, startSeaweedFs } from '../support/seaweedfs.ts';
import { day, target } from './policy-target.ts';

const text = (value: string) => new TextEncoder().encode(value);

const actions = fileURLToPath(new URL('../support/moto-actions', import.meta.url));

describeWith(['moto'], 'the policies, enforced by moto', ({ moto: path }) => {
  let moto: Moto;
  const stores = new Map<string, ObjectStore>();
  const clients = new Map<string, S3Client>();
  const store = (role: string) => stores.get(role) as ObjectStore;
  const retention = { mode: 'compliance', until: new Date(Date.now() + 365 * day) } as const;
  const refused = { code: 'store-refused', exitCode: 1 };

  beforeAll(async () => {
    vi.stubEnv('PYTHONPATH', actions);
    moto = await startMoto(path);
    vi.unstubAllEnvs();
    const admin = new S3Client({
      endpoint: moto.endpoint,
      region: 'us-east-1',
      credentials: moto.credentials,
      forcePathStyle: true,
    });
    await admin.send(new CreateBucketCommand({ Bucket: 'vault', ObjectLockEnabledForBucket: true }));
    admin.destroy();
    const policies = leastPolicies(target);
    for (const role of ['writer', 'reader', 'pruner'] as const) {
      const credentials = await motoUser(moto, role, policies[role]);
      const options = { endpoint: moto.endpoint, credentials, maxAttempts: 1 };
      stores.set(role, await openS3ObjectStore({ ...options, bucket: 'vault', prefix: target.prefix }));
      clients.set(role, new S3Client({ ...options, region: 'us-east-1', forcePathStyle: true }));
    }
    await enforcePolicies(moto);
  });

  afterAll(async () => {
    for (const client of clients.values()) client.destroy();
    await moto?.stop();
  });

  /** The bucket's policy would refuse such an object; moto does not know it. */
  const storedUnlocked = async (key: string) => {
    const { versionId } = await store('writer').put(key, text('sealed'));
    return { versionId: versionId as string };
  };

  test('let the writer store, lock, read back by size and lock, list, and ask about the bucket', async () => {
    const { versionId } = await store('writer').put('20260301T020000Z-9f2c41d0/part', text('sealed'), {
      ifNoneMatch: '*',
      retention,
    });
    const head = await store('writer').head('20260301T020000Z-9f2c41d0/part');
    expect(head).toMatchObject({ size: 6, versionId, retention: { mode: 'compliance' } });
    expect(Math.abs((head?.retention?.until.getTime() ?? 0) - retention.until.getTime())).toBeLessThan(1000);
    expect(head).not.toHaveProperty('sha256');
    expect(await store('writer').head('20260301T020000Z-9f2c41d0/par')).toBeUndefined();
    expect(await collect(store('writer').list(''))).toHaveLength(1);
    expect(await store('writer').capabilities()).toMatchObject({
      versioning: true,
      objectLock: true,
      defaultRetention: 'none',
      abortsUploads: false,
    });
    await expect(
      store('writer').put('20260301T020000Z-9f2c41d0/part', text('other!'), { ifNoneMatch: '*' }),
    ).rejects.toMatchObject({ code: 'object-exists' });
  });

  test('do not let the writer read, delete, hide, or change a lock', async () => {
    const key = '20260302T020000Z-9f2c41d0/part';
    const { versionId } = await store('writer').put(key, text('sealed'), { ifNoneMatch: '*', retention });
    const version = { versionId: versionId as string };
    await expect(store('writer').get(key)).rejects.toMatchObject(refused);
    await expect(store('writer').get(key, version)).rejects.toMatchObject(refused);
    await expect(store('writer').open(key)).rejects.toMatchObject(refused);
    await expect(store('writer').delete(key)).rejects.toMatchObject(refused);
    // Refused for the lock, and for the want of the right; which of the two, S3 does not say.
    expect(await store('writer').delete(key, version)).toBe('retained');
    await expect(
      store('writer').delete(`${key}-unlocked`, await storedUnlocked(`${key}-unlocked`)),
    ).rejects.toMatchObject(refused);
    const shorten = new PutObjectRetentionCommand({
      Bucket: 'vault',
      Key: target.prefix + key,
      VersionId: versionId,
      Retention: { Mode: 'COMPLIANCE', RetainUntilDate: new Date(Date.now() + day) },
    });
    await expect(clients.get('reader')?.send(shorten)).rejects.toMatchObject({ name: 'AccessDenied' });
    await expect(clients.get('pruner')?.send(shorten)).rejects.toMatchObject({ name: 'AccessDenied' });
  });

  test('let the reader read what the writer stored, and write nothing', async () => {
    const key = '20260303T020000Z-9f2c41d0/part';
    const { versionId } = await store('writer').put(key, text('sealed'), { retention });
    expect(Buffer.from(await store('reader').get(key)).toString()).toBe('sealed');
    const version = { versionId: versionId as string };
    expect(Buffer.from(await store('reader').get(key, version)).toString()).toBe('sealed');
    expect(await store('reader').head(key)).toMatchObject({ size: 6, sha256: expect.any(String) });
    await expect(store('reader').put(`${key}2`, text('x'))).rejects.toMatchObject(refused);
    await expect(store('reader').delete(key)).rejects.toMatchObject(refused);
    await expect(
      store('reader').delete(`${key}-unlocked`, await storedUnlocked(`${key}-unlocked`)),
    ).rejects.toMatchObject(refused);
  });

  test('let the pruner delete what no lock holds, and say what one does', async () => {
    const open = await store('writer').put('20200101T020000Z-9f2c41d0/part', text('old'));
    const held = await store('writer').put('20260304T020000Z-9f2c41d0/part', text('new'), { retention });
    const remove = (key: string, { versionId }: { readonly versionId?: string }) =>
      store('pruner').delete(key, { versionId: versionId as string });
    expect(await remove('20260304T020000Z-9f2c41d0/part', held)).toBe('retained');
    expect(await remove('20200101T020000Z-9f2c41d0/part', open)).toBe('deleted');
    expect(await remove('20200101T020000Z-9f2c41d0/part', open)).toBe('absent');
    await expect(store('pruner').get('20260304T020000Z-9f2c41d0/part')).rejects.toMatchObject(refused);
    await expect(store('pruner').put('20260304T020000Z-9f2c41d0/x', text('x'))).rejects.toMatchObject(
      refused,
    );
  });

  test('leave the probe of the writer with nothing to find', async () => {
    const destination: Destination = {
      name: 'offsite',
      store: store('writer'),
      prefix: '',
      required: true,
      lock: target.lock,
      keyringLock: target.keyringLock,
    };
    const { lines } = await probeDestination(destination, { now: new Date() });
    expect(lines.filter(({ state }) => state !== 'ok')).toEqual([]);
    const said = Object.fromEntries(lines.map(({ aspect, message }) => [aspect, message]));
    expect(said).toMatchObject({
      'create again': 'refused',
      hide: 'refused',
      'read contents': 'refused: these credentials only write',
      delete: 'refused because of the lock',
    });
  });
});

/** What of the bucket's policy this store knows: not AWS's own condition keys, for want of which it refuses every write. */
describeWith(['seaweedfs'], 'the bucket policy, enforced by SeaweedFS', ({ seaweedfs: path }) => {
  let server: SeaweedFs;
  let administrator: ObjectStore;
  let writer: ObjectStore;

  beforeAll(async () => {
    const policies = leastPolicies({ ...target, transport: 'plain' });
    const key = { accessKeyId: 'writer', secretAccessKey: 'secret of the writer' };
    server = await startSeaweedFs(path, [{ key, policy: policies.writer }]);
    const { endpoint, region, credentials } = server;
    const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
    await client.send(new CreateBucketCommand({ Bucket: 'vault', ObjectLockEnabledForBucket: true }));
    const Statement = policies.bucket.Statement.filter(({ Condition }) => Condition === undefined);
    await client.send(
      new PutBucketPolicyCommand({
        Bucket: 'vault',
        Policy: JSON.stringify({ ...policies.bucket, Statement }),
      }),
    );
    client.destroy();
    const options = { bucket: 'vault', prefix: target.prefix, endpoint, maxAttempts: 1 };
    administrator = await openS3ObjectStore({ ...options, credentials });
    writer = await openS3ObjectStore({ ...options, credentials: key });
  });

  afterAll(() => server?.stop());

  test('lets nobody hide an object, its administrator included, but delete a version by its id', async () => {
    const { versionId } = await administrator.put('20260301T020000Z-9f2c41d0/part', text('sealed'));
    await expect(administrator.delete('20260301T020000Z-9f2c41d0/part')).rejects.toMatchObject({
      code: 'store-refused',
    });
    const version = { versionId: versionId as string };
    expect(await administrator.delete('20260301T020000Z-9f2c41d0/part', version)).toBe('deleted');
  });

  test('leaves the probe of the writer with nothing to find', async () => {
    const destination: Destination = {
      name: 'offsite',
      store: writer,
      prefix: '',
      required: true,
      lock: target.lock,
      keyringLock: target.keyringLock,
    };
    for (const _ of ['first', 'again']) {
      const { lines } = await probeDestination(destination, { now: new Date() });
      expect(lines.filter(({ state }) => state !== 'ok')).toEqual([]);
    }
  });
});
