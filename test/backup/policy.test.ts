import { fileURLToPath } from 'node:url';
import {
  CreateBucketCommand,
  PutBucketPolicyCommand,
  PutObjectRetentionCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Destination } from '../../src/lib/backup/destination.ts';
import {
  leastPolicies,
  type PolicyRole,
  type PolicyTarget,
  policyRoles,
} from '../../src/lib/backup/policy.ts';
import { probeDestination } from '../../src/lib/backup/probe.ts';
import { openS3ObjectStore } from '../../src/lib/cloud/aws/object-store.ts';
import type { ObjectStore } from '../../src/lib/cloud/object-store.ts';
import { collect } from '../contract/object-store.ts';
import { isAllowed } from '../support/iam.ts';
import { type Moto, startMoto } from '../support/moto.ts';
import { enforcePolicies, motoUser } from '../support/moto-user.ts';
import { describeWith } from '../support/optional.ts';
import { type SeaweedFs, startSeaweedFs } from '../support/seaweedfs.ts';

const day = 86_400_000;
const text = (value: string) => new TextEncoder().encode(value);

const target: PolicyTarget = {
  bucket: 'vault',
  prefix: 'off-site/backup/production/',
  region: 'eu-central-1',
  lock: { mode: 'compliance', duration: 365 * day },
  keyringLock: { mode: 'compliance', duration: 35 * day },
  conditionalPut: 'native',
};

const bucket = 'arn:aws:s3:::vault';
const sets = `${bucket}/off-site/backup/production/20260301T020000Z-9f2c41d0/manifest.json.pgp`;
const keyring = `${bucket}/off-site/backup/production/keyrings/20260301T020000Z-9f2c41d0/platform-00001-00001.sql.zst.pgp`;
const probe = `${bucket}/off-site/backup/production/probe/2026-03-01-compliance`;
const elsewhere = `${bucket}/off-site/backup/production2/20260301T020000Z-9f2c41d0/set.json`;

const days = 's3:object-lock-remaining-retention-days';
const locked = (remaining: number, mode = 'COMPLIANCE') => ({
  'aws:SecureTransport': 'true',
  's3:if-none-match': '*',
  's3:object-lock-mode': mode,
  [days]: String(remaining),
});

/** Whether a role may, under its own policy and the bucket's. */
const may = (role: PolicyRole, action: string, resource: string, context = {}, of: PolicyTarget = target) => {
  const policies = leastPolicies(of);
  return isAllowed([policies[role], policies.bucket], {
    action: `s3:${action}`,
    resource,
    context: { 'aws:SecureTransport': 'true', ...context },
  });
};

describe('the policies, held against a model of IAM', () => {
  test('let the writer store what is new and locked as configured, and nothing else', () => {
    expect(may('writer', 'PutObject', sets, locked(364))).toBe(true);
    expect(may('writer', 'PutObject', keyring, locked(34))).toBe(true);
    expect(may('writer', 'PutObject', probe, locked(0))).toBe(true);
    const without = (key: string) =>
      Object.fromEntries(Object.entries(locked(364)).filter(([k]) => k !== key));
    expect(may('writer', 'PutObject', sets, without('s3:if-none-match'))).toBe(false);
    expect(may('writer', 'PutObject', sets, { 's3:if-none-match': '*' })).toBe(false);
    expect(may('writer', 'PutObject', probe, { 's3:if-none-match': '*' })).toBe(false);
    expect(may('writer', 'PutObject', sets, locked(364, 'GOVERNANCE'))).toBe(false);
    expect(may('writer', 'PutObject', sets, { ...locked(364), 'aws:SecureTransport': 'false' })).toBe(false);
    expect(may('writer', 'PutObject', elsewhere, locked(364))).toBe(false);
  });

  test.each([
    ['sets', sets, 363, 366],
    ['keyrings', keyring, 33, 36],
  ])('keep the locks of %s between the bounds', (_, resource, least, most) => {
    for (const [remaining, allowed] of [
      [least - 1, false],
      [least, true],
      [most, true],
      [most + 1, false],
    ] as const)
      expect(may('writer', 'PutObject', resource, locked(remaining))).toBe(allowed);
    expect(may('writer', 'PutObjectRetention', resource, { [days]: String(most) })).toBe(true);
    expect(may('writer', 'PutObjectRetention', resource, { [days]: String(most + 1) })).toBe(false);
  });

  test.each([
    'GetObject',
    'GetObjectVersion',
    'DeleteObject',
    'DeleteObjectVersion',
    'BypassGovernanceRetention',
    'PutObjectLegalHold',
    'PutObjectAcl',
    'GetObjectVersionAttributes',
  ])('do not let the writer use %s, even when another policy allows everything', (action) => {
    const { writer } = leastPolicies(target);
    expect(may('writer', action, sets)).toBe(false);
    const all = {
      Version: '2012-10-17',
      Statement: [{ Sid: 'A', Effect: 'Allow', Action: '*', Resource: '*' }],
    } as const;
    if (action !== 'GetObjectVersionAttributes')
      expect(isAllowed([writer, all], { action: `s3:${action}`, resource: sets })).toBe(false);
    expect(isAllowed([all], { action: `s3:${action}`, resource: sets })).toBe(true);
  });

  test('do not let the writer change the bucket', () => {
    for (const action of [
      'PutBucketVersioning',
      'PutBucketPolicy',
      'PutLifecycleConfiguration',
      'DeleteBucket',
    ])
      expect(may('writer', action, bucket)).toBe(false);
    expect(may('writer', 'GetBucketVersioning', bucket)).toBe(true);
    expect(may('writer', 'GetBucketPolicy', bucket)).toBe(false);
  });

  test('let every role list its own part of the bucket only', () => {
    for (const role of ['writer', 'reader', 'pruner'] as const) {
      for (const action of ['ListBucket', 'ListBucketVersions']) {
        expect(may(role, action, bucket, { 's3:prefix': target.prefix })).toBe(true);
        expect(may(role, action, bucket, { 's3:prefix': `${target.prefix}2026` })).toBe(true);
        expect(may(role, action, bucket, { 's3:prefix': 'off-site/backup/production2/' })).toBe(false);
        expect(may(role, action, bucket)).toBe(false);
      }
    }
  });

  test('let the reader read every version and change nothing', () => {
    for (const action of ['GetObject', 'GetObjectVersion', 'GetObjectRetention'])
      expect(may('reader', action, sets)).toBe(true);
    for (const action of ['PutObject', 'DeleteObject', 'DeleteObjectVersion', 'PutObjectRetention'])
      expect(may('reader', action, sets, locked(364))).toBe(false);
    expect(may('reader', 'GetObject', elsewhere)).toBe(false);
  });

  test('let the pruner delete versions by their id, and neither hide, read, write nor unlock', () => {
    expect(may('pruner', 'DeleteObjectVersion', sets)).toBe(true);
    for (const action of [
      'DeleteObject',
      'GetObject',
      'PutObject',
      'PutObjectRetention',
      'BypassGovernanceRetention',
    ])
      expect(may('pruner', action, sets, locked(364))).toBe(false);
    expect(may('pruner', 'DeleteObjectVersion', elsewhere)).toBe(false);
  });

  test('hold in the bucket against a writer that some other policy lets do everything', () => {
    const writerArn = 'arn:aws:iam::111122223333:role/backup-writer';
    const all = {
      Version: '2012-10-17',
      Statement: [{ Sid: 'A', Effect: 'Allow', Action: '*', Resource: '*' }],
    } as const;
    const allowed = (action: string, who: string, named: PolicyTarget) =>
      isAllowed([all, leastPolicies(named).bucket], {
        action: `s3:${action}`,
        resource: sets,
        context: { 'aws:SecureTransport': 'true', 'aws:PrincipalArn': who },
      });
    expect(allowed('GetObject', writerArn, { ...target, writerArn })).toBe(false);
    expect(allowed('DeleteObjectVersion', writerArn, { ...target, writerArn })).toBe(false);
    expect(allowed('DeleteObjectVersion', `${writerArn}2`, { ...target, writerArn })).toBe(true);
    expect(allowed('DeleteObjectVersion', writerArn, target)).toBe(true);
  });

  test('ask for no lock where none is configured, and for no If-None-Match where the store has none', () => {
    const bare = { ...target, lock: undefined, keyringLock: undefined };
    expect(may('writer', 'PutObject', sets, { 's3:if-none-match': '*' }, bare)).toBe(true);
    expect(may('writer', 'PutObject', sets, {}, bare)).toBe(false);
    expect(may('writer', 'PutObjectRetention', sets, {}, bare)).toBe(false);
    expect(may('writer', 'PutObject', sets, {}, { ...bare, conditionalPut: 'emulated' })).toBe(true);
  });

  test('lock keyrings in a mode of their own, and everything alike where they have none', () => {
    const apart = { ...target, keyringLock: { mode: 'governance', duration: 35 * day } } as const;
    expect(may('writer', 'PutObject', keyring, locked(34, 'GOVERNANCE'), apart)).toBe(true);
    expect(may('writer', 'PutObject', keyring, locked(34), apart)).toBe(false);
    expect(may('writer', 'PutObject', sets, locked(364, 'GOVERNANCE'), apart)).toBe(false);
    const alike = { ...target, keyringLock: undefined };
    expect(may('writer', 'PutObject', keyring, locked(364), alike)).toBe(true);
    expect(may('writer', 'PutObject', keyring, locked(34), alike)).toBe(false);
  });

  test.each([
    ['eu-central-1', 'aws'],
    ['us-gov-west-1', 'aws-us-gov'],
    ['cn-north-1', 'aws-cn'],
    ['us-iso-east-1', 'aws-iso'],
    ['us-isob-east-1', 'aws-iso-b'],
    ['eusc-de-east-1', 'aws-eusc'],
    [undefined, 'aws'],
  ])('name the partition of the region %s', (region, partition) => {
    const all = JSON.stringify(leastPolicies({ ...target, region }));
    expect(new Set(all.match(/arn:[^:]+:s3/g))).toEqual(new Set([`arn:${partition}:s3`]));
  });

  test('never reach beyond the prefix, whatever it is made of', () => {
    const segment = fc.string({
      unit: fc.constantFrom('a', '*', '?', '$', '{', '}', '.', '/'),
      minLength: 1,
      maxLength: 8,
    });
    fc.assert(
      fc.property(segment, segment, (mine, other) => {
        const of = { ...target, prefix: `${mine}/` };
        const key = `${other}/x`;
        expect(may('reader', 'GetObject', `${bucket}/${key}`, {}, of)).toBe(key.startsWith(`${mine}/`));
        expect(may('reader', 'GetObject', `${bucket}/${mine}/x`, {}, of)).toBe(true);
      }),
    );
  });

  test('stay below the size that AWS takes', () => {
    const large = {
      ...target,
      prefix: `${'p'.repeat(500)}/`,
      writerArn: `arn:aws:iam::111122223333:role/${'r'.repeat(64)}`,
    };
    const policies = leastPolicies(large);
    // Without spaces: 10,240 characters for a role's inline policies, 20 KB for a bucket's.
    for (const role of policyRoles)
      expect(JSON.stringify(policies[role]).length).toBeLessThan(role === 'bucket' ? 20_000 : 10_240);
  });
});

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
