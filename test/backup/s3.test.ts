import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { listSets } from '../../src/lib/backup/list.ts';
import { backupRestore } from '../../src/lib/backup/restore/kind.ts';
import { restoreOutcome } from '../../src/lib/backup/restore/outcome.ts';
import { planRestore } from '../../src/lib/backup/restore/plan-restore.ts';
import { runBackup } from '../../src/lib/backup/run.ts';
import { verifySet } from '../../src/lib/backup/verify/index.ts';
import { withConnection } from '../../src/lib/base/postgres.ts';
import { silentProgress } from '../../src/lib/base/progress.ts';
import { openS3ObjectStore } from '../../src/lib/cloud/aws/object-store.ts';
import { applyPlan } from '../../src/lib/operation/apply.ts';
import { savePlan } from '../../src/lib/operation/plan-store.ts';
import { backupWorld } from '../support/backup-world.ts';
import { type Moto, startMoto } from '../support/moto.ts';
import { describeWith } from '../support/optional.ts';
import { testDatabase, testServer } from '../support/postgres.ts';

describeWith(['moto'], 'a set in S3', ({ moto: path }) => {
  let moto: Moto;

  beforeAll(async () => {
    moto = await startMoto(path);
    const client = new S3Client({
      endpoint: moto.endpoint,
      region: 'us-east-1',
      credentials: moto.credentials,
      forcePathStyle: true,
    });
    await client.send(new CreateBucketCommand({ Bucket: 'sets', ObjectLockEnabledForBucket: true }));
    client.destroy();
  });

  afterAll(() => moto?.stop());

  test.each(['auto', 'sha256', 'crc64nvme'] as const)(
    'with checksum %s is backed up, verified and restored',
    async (checksum) => {
      const store = await openS3ObjectStore({
        bucket: 'sets',
        prefix: checksum,
        endpoint: moto.endpoint,
        credentials: moto.credentials,
        checksum,
      });
      const platform = await testDatabase();
      const world = await backupWorld({ platformUrl: platform.url, store });
      const database = `from_s3_${process.pid}`;
      try {
        await withConnection({ url: platform.url, role: 'test' }, (db) =>
          db.query(
            `create table t (id int primary key, body text); insert into t select n, repeat(md5(n::text), 20) from generate_series(1, 3000) n`,
          ),
        );
        const run = await runBackup(world.context({ options: { partSize: 2 ** 18 } }));
        expect(await listSets(world.sets)).toMatchObject([{ setId: run.setId, isComplete: true }]);
        const verified = await verifySet(world.sets, run.setId, {
          level: 'full',
          keys: world.secretKeys,
          workers: 2,
          signal: new AbortController().signal,
          progress: silentProgress,
        });
        expect(verified).toMatchObject({ findings: [], rows: 3000 });
        const context = await world.restoreContext();
        const plan = await planRestore(context, run.setId, { database });
        await savePlan(context, plan);
        const applied = await applyPlan(context, backupRestore, plan.id);
        expect(await restoreOutcome(context, { plan, applied })).toMatchObject({
          state: 'applied',
          rows: 3000,
          schema: 'equal',
        });
      } finally {
        await withConnection({ url: (await testServer()).url, role: 'test' }, (db) =>
          db.query(`drop database if exists ${database} with (force)`),
        );
        await world.close();
        await platform.drop();
      }
    },
  );
});
