import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { listSets } from '../../src/lib/backup/list.ts';
import { runBackup } from '../../src/lib/backup/run.ts';
import { type VerifyOptions, verifySet } from '../../src/lib/backup/verify/index.ts';
import { silentProgress } from '../../src/lib/base/progress.ts';
import { openS3ObjectStore } from '../../src/lib/cloud/aws/object-store.ts';
import { type BackupWorld, backupWorld, destinationOf } from '../support/backup-world.ts';
import { type Moto, startMoto } from '../support/moto.ts';
import { describeWith } from '../support/optional.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { sql } from './round-trip.ts';
import { coverUp } from './verify-world.ts';

describeWith(['moto'], 'a locked set in S3', ({ moto: path }) => {
  let moto: Moto;
  let platform: TestDatabase;
  let world: BackupWorld;
  let setId: string;

  beforeAll(async () => {
    moto = await startMoto(path);
    const { endpoint, credentials } = moto;
    const client = new S3Client({ endpoint, region: 'us-east-1', credentials, forcePathStyle: true });
    await client.send(new CreateBucketCommand({ Bucket: 'vault', ObjectLockEnabledForBucket: true }));
    client.destroy();
    const store = await openS3ObjectStore({ bucket: 'vault', endpoint, credentials, checksum: 'sha256' });
    platform = await testDatabase();
    await sql(
      platform.url,
      'create table t (id int primary key); insert into t select generate_series(1, 100)',
    );
    world = await backupWorld({ platformUrl: platform.url, store });
    const lock = { mode: 'governance', duration: 3_600_000 } as const;
    const destinations = [destinationOf(world.sets, { lock })];
    ({ setId } = await runBackup(world.context({ destinations })));
  });

  afterAll(async () => {
    await world?.close();
    await platform?.drop();
    await moto?.stop();
  });

  const verify = (level: VerifyOptions['level']) =>
    verifySet(world.sets, setId, {
      level,
      keys: world.secretKeys,
      workers: 1,
      signal: new AbortController().signal,
      progress: silentProgress,
    });

  test('passes every level, then is told as shadowed and still read where somebody has written over it', async () => {
    for (const level of ['list', 'head', 'sample=50%', 'full'] as const)
      expect(await verify(level), level).toMatchObject({ findings: [], outcome: 'passed' });
    const { store, prefix } = world.sets;
    const covered = ['SHA256SUMS.asc', 'manifest.json.pgp', 'platform/20-pre-data.sql.zst.pgp'];
    await coverUp(store, `${prefix}${setId}/SHA256SUMS.asc`, 'written');
    await coverUp(store, `${prefix}${setId}/manifest.json.pgp`, 'hidden');
    await coverUp(store, `${prefix}${setId}/platform/20-pre-data.sql.zst.pgp`, 'written');
    expect(await listSets(world.sets)).toMatchObject([{ setId, isComplete: true, isHidden: true }]);
    for (const level of ['list', 'head', 'full'] as const) {
      const { findings } = await verify(level);
      const shadowed = findings.filter(({ kind }) => kind === 'shadowed').map(({ file }) => file);
      expect(new Set(shadowed), level).toEqual(new Set(covered));
      // What lies on top was stored without a lock; the signed versions underneath have their own.
      expect(
        findings.filter(({ kind }) => kind !== 'shadowed'),
        level,
      ).toEqual([]);
    }
  });
});
