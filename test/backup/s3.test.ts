// The whole story on two S3 servers that check signatures and rights: one host writes a set and can do nothing else,
// another reads it. In between, the first tries to read, destroy, hide and replace what it has written.
import { fileURLToPath } from 'node:url';
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  PutObjectLegalHoldCommand,
  PutObjectRetentionCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { SetStore } from '../../src/lib/backup/context.ts';
import { listSets } from '../../src/lib/backup/list.ts';
import { leastPolicies } from '../../src/lib/backup/policy.ts';
import { runBackup } from '../../src/lib/backup/run.ts';
import { verifySet } from '../../src/lib/backup/verify/index.ts';
import { withDatabase } from '../../src/lib/base/postgres.ts';
import { silentProgress } from '../../src/lib/base/progress.ts';
import { openS3ObjectStore, type S3ObjectStoreOptions } from '../../src/lib/cloud/aws/object-store.ts';
import type { ObjectStore } from '../../src/lib/cloud/object-store.ts';
import { type BackupWorld, backupWorld, destinationOf, platformSource } from '../support/backup-world.ts';
import { type Moto, startMoto } from '../support/moto.ts';
import { enforcePolicies, motoUser } from '../support/moto-user.ts';
import { describeWith } from '../support/optional.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { type S3Key, startSeaweedFs } from '../support/seaweedfs.ts';
import { pgDumpOfNothing } from './fault/no-schema.ts';
import { manifestOf, tablesNow } from './restored-equals.ts';
import { restoreSet, sql } from './round-trip.ts';

const day = 86_400_000;
const lock = { mode: 'compliance', duration: 365 * day } as const;
const keyringLock = { mode: 'compliance', duration: 35 * day } as const;
const bucket = 'vault';
const policies = leastPolicies({
  bucket,
  prefix: 'off-site/backup/test/',
  region: undefined,
  lock,
  keyringLock,
  conditionalPut: 'native',
  transport: 'plain',
});

/** A server with the bucket, and users with the least rights. */
interface Vault {
  readonly endpoint: string;
  readonly writer: S3Key;
  readonly reader: S3Key;
  /** moto lets anybody shorten a compliance lock who may set one; S3 lets nobody. */
  readonly locks: 'firm' | 'not firm';
  stop(): Promise<void>;
}

async function makeBucket(endpoint: string, credentials: S3Key): Promise<void> {
  const client = new S3Client({ endpoint, region: 'us-east-1', credentials, forcePathStyle: true });
  await client.send(new CreateBucketCommand({ Bucket: bucket, ObjectLockEnabledForBucket: true }));
  client.destroy();
}

async function seaweedVault(path: string): Promise<Vault> {
  const key = (role: string) => ({ accessKeyId: role, secretAccessKey: `secret of the ${role}` });
  const users = { writer: key('writer'), reader: key('reader') };
  const server = await startSeaweedFs(path, [
    { key: users.writer, policy: policies.writer },
    { key: users.reader, policy: policies.reader },
  ]);
  await makeBucket(server.endpoint, server.credentials);
  return { endpoint: server.endpoint, ...users, locks: 'firm', stop: () => server.stop() };
}

async function motoVault(path: string): Promise<Vault> {
  vi.stubEnv('PYTHONPATH', fileURLToPath(new URL('../support/moto-actions', import.meta.url)));
  const moto = await startMoto(path);
  vi.unstubAllEnvs();
  await makeBucket(moto.endpoint, moto.credentials);
  const writer = await motoUser(moto, 'writer', policies.writer);
  const reader = await motoUser(moto, 'reader', policies.reader);
  await enforcePolicies(moto);
  return { endpoint: moto.endpoint, writer, reader, locks: 'not firm', stop: () => moto.stop() };
}

const refused = { code: 'store-refused', exitCode: 1 };

function story(start: () => Promise<Vault>): void {
  let vault: Vault;
  let platform: TestDatabase;
  let world: BackupWorld;
  let setId: string;
  let writing: ObjectStore;
  let reading: SetStore;
  let raw: S3Client;
  /** One object of each sort: a part, the list, the manifest, the wrapped keys. */
  let keys: readonly string[];

  beforeAll(async () => {
    vault = await start();
    const { endpoint } = vault;
    const open = (credentials: S3Key) =>
      openS3ObjectStore({ bucket, prefix: 'off-site', endpoint, credentials, maxAttempts: 2 });
    platform = await testDatabase();
    await sql(
      platform.url,
      `create table subject (id int primary key, dek bytea not null);
       insert into subject select n, decode(md5(n::text), 'hex') from generate_series(1, 30) n;
       create table note (id int primary key, text text); insert into note select n, md5(n::text) from generate_series(1, 3000) n`,
    );
    writing = await open(vault.writer);
    world = await backupWorld({ platformUrl: platform.url, store: writing });
    reading = { ...world.sets, store: await open(vault.reader) };
    raw = new S3Client({ endpoint, region: 'us-east-1', credentials: vault.writer, forcePathStyle: true });
    const run = await runBackup(
      world.context({
        sources: [
          { ...platformSource(platform.url), wrappedKeys: [{ table: 'public.subject', column: 'dek' }] },
        ],
        destinations: [destinationOf(world.sets, { lock, keyringLock })],
        options: { partSize: 2 ** 16, workers: 1 },
      }),
    );
    setId = run.setId;
    keys = [
      `${setId}/platform/30-data/000001-00001.sql.zst.pgp`,
      `${setId}/SHA256SUMS`,
      `${setId}/manifest.json.pgp`,
      `keyrings/${setId}/platform-00001-00001.sql.zst.pgp`,
    ].map((name) => world.sets.prefix + name);
  });

  afterAll(async () => {
    raw?.destroy();
    await world?.close();
    await platform?.drop();
    await vault?.stop();
  });

  const verify = () =>
    verifySet(reading, setId, {
      level: 'full',
      keys: world.secretKeys,
      workers: 1,
      signal: new AbortController().signal,
      progress: silentProgress,
    });
  /** As S3 knows an object. */
  const object = (key: string) => ({ Bucket: bucket, Key: `off-site/${key}` });

  test('is written and locked with the writing credentials alone, and found whole with the reading ones', async () => {
    expect(await listSets(reading)).toMatchObject([{ setId, isComplete: true }]);
    const days = async (key: string) =>
      Math.round(((await reading.store.head(key))?.retention?.until.getTime() ?? 0) / day - Date.now() / day);
    expect(await Promise.all(keys.map(days))).toEqual([365, 365, 365, 35]);
    expect(await verify()).toMatchObject({ findings: [], opened: true, rows: 3030 });
  });

  test('cannot be read by the host that wrote it', async () => {
    for (const key of keys) {
      const versionId = (await writing.head(key))?.versionId ?? '';
      await expect(writing.get(key), key).rejects.toMatchObject(refused);
      await expect(writing.get(key, { versionId }), key).rejects.toMatchObject(refused);
      await expect(writing.open(key), key).rejects.toMatchObject(refused);
    }
  });

  test('cannot be destroyed, hidden or unlocked by the host that wrote it, only be covered', async () => {
    for (const key of keys) {
      const versionId = (await writing.head(key))?.versionId ?? '';
      const locked = (await reading.store.head(key, { versionId }))?.retention;
      const outcome = await writing
        .delete(key, { versionId })
        .catch((error: { code?: string }) => error.code);
      expect(['retained', 'store-refused'], key).toContain(outcome);
      await expect(writing.delete(key), key).rejects.toMatchObject(refused);
      await expect(
        raw.send(
          new DeleteObjectCommand({ ...object(key), VersionId: versionId, BypassGovernanceRetention: true }),
        ),
        key,
      ).rejects.toMatchObject({ $metadata: { httpStatusCode: 403 } });
      const sooner = { Mode: 'COMPLIANCE', RetainUntilDate: new Date(Date.now() + day) } as const;
      for (const BypassGovernanceRetention of vault.locks === 'firm' ? [false, true] : []) {
        const shorter = {
          ...object(key),
          VersionId: versionId,
          Retention: sooner,
          BypassGovernanceRetention,
        };
        await expect(raw.send(new PutObjectRetentionCommand(shorter)), key).rejects.toMatchObject({
          $fault: 'client',
        });
      }
      await expect(
        raw.send(
          new PutObjectLegalHoldCommand({
            ...object(key),
            VersionId: versionId,
            LegalHold: { Status: 'ON' },
          }),
        ),
        key,
      ).rejects.toMatchObject({ $metadata: { httpStatusCode: 403 } });
      await expect(writing.put(key, Buffer.from('x'), { ifNoneMatch: '*' }), key).rejects.toMatchObject({
        code: 'object-exists',
      });
      // Without a bucket policy, nothing keeps it from laying another version over the one that is locked.
      await writing.put(key, Buffer.from('somebody was here'));
      expect((await reading.store.head(key, { versionId }))?.retention, key).toEqual(locked);
    }
  });

  test('is told to be covered, and read from underneath, and restores as it was', async () => {
    const { findings, rows } = await verify();
    expect(rows).toBe(3030);
    const names = keys.map((key) => key.slice(world.sets.prefix.length).replace(/^2[^/]*\//, ''));
    expect(new Set(findings.map(({ kind, file }) => `${kind} ${file}`))).toEqual(
      new Set(names.map((name) => `shadowed ${name}`)),
    );
    const reader = {
      ...world,
      sets: reading,
      restoreContext: () => world.restoreContext({ sets: reading, workers: 1 }),
    };
    const database = `from_s3_${process.pid}`;
    expect(await restoreSet(reader, setId, database)).toMatchObject({ schema: 'equal', rows: 3030 });
    const manifest = await manifestOf(reader, setId);
    const url = withDatabase(platform.url, database);
    expect(await tablesNow(url, manifest)).toEqual(manifest.tables);
    const wrapped = `select md5(string_agg(encode(dek, 'hex'), '' order by id)) as keys from subject`;
    expect(await sql(url, wrapped)).toEqual(await sql(platform.url, wrapped));
    await sql(platform.url, `drop database ${database}`);
  });
}

describeWith(['seaweedfs'], 'a set in SeaweedFS', ({ seaweedfs: path }) => story(() => seaweedVault(path)));
describeWith(['moto'], 'a set in moto', ({ moto: path }) => story(() => motoVault(path)));

describeWith(['moto'], 'a set in S3', ({ moto: path }) => {
  let moto: Moto;
  let platform: TestDatabase;

  beforeAll(async () => {
    moto = await startMoto(path);
    await makeBucket(moto.endpoint, moto.credentials);
    platform = await testDatabase();
    await sql(
      platform.url,
      `create table t (id int primary key, body text); insert into t select n, repeat(md5(n::text), 20) from generate_series(1, 3000) n`,
    );
  });

  afterAll(async () => {
    await platform?.drop();
    await moto?.stop();
  });

  test.each(['sha256', 'crc64nvme', 'md5'] as const)(
    'is written with the checksum %s, and found whole',
    async (checksum) => {
      const options: S3ObjectStoreOptions = {
        bucket,
        prefix: checksum,
        endpoint: moto.endpoint,
        credentials: moto.credentials,
        checksum,
      };
      const world = await backupWorld({ platformUrl: platform.url, store: await openS3ObjectStore(options) });
      try {
        const { setId } = await runBackup(
          world.context({
            destinations: [destinationOf(world.sets, { lock })],
            options: { partSize: 2 ** 18, workers: 1, pgDump: await pgDumpOfNothing(world.folder) },
          }),
        );
        const verified = await verifySet(world.sets, setId, {
          level: 'full',
          keys: world.secretKeys,
          workers: 1,
          signal: new AbortController().signal,
          progress: silentProgress,
        });
        expect(verified).toMatchObject({ findings: [], rows: 3000 });
      } finally {
        await world.close();
      }
    },
  );
});
