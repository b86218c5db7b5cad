// Kind 8: the disk of the server that takes a restored database is full, and then has room again.
import { chown, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { backupRestore } from '../../../src/lib/backup/restore/kind.ts';
import { planRestore } from '../../../src/lib/backup/restore/plan-restore.ts';
import { runBackup } from '../../../src/lib/backup/run.ts';
import { withDatabase } from '../../../src/lib/base/postgres.ts';
import { applyPlan } from '../../../src/lib/operation/apply.ts';
import { savePlan } from '../../../src/lib/operation/plan-store.ts';
import { type BackupWorld, backupWorld } from '../../support/backup-world.ts';
import { describeUnless } from '../../support/optional.ts';
import { type TestDatabase, testDatabase, testServer } from '../../support/postgres.ts';
import { type SmallDisk, smallDisk, whyNoSmallDisk } from '../../support/small-disk.ts';
import { failsCleanly } from '../fails-cleanly.ts';
import { manifestOf, tablesNow } from '../restored-equals.ts';
import { sql } from '../round-trip.ts';

const mebibyte = 2 ** 20;

describeUnless(whyNoSmallDisk(), 'a restore onto a full disk', () => {
  let platform: TestDatabase;
  let world: BackupWorld;
  let disk: SmallDisk;

  beforeAll(async () => {
    platform = await testDatabase();
    // 12 MiB of rows, 8 more for indexes: each can be what no longer fits.
    await sql(
      platform.url,
      `create table note (id int primary key, text text);
       insert into note select n, repeat(md5(n::text), 8) from generate_series(1, 40000) n;
       create index on note (text)`,
    );
    world = await backupWorld({ platformUrl: platform.url });
    disk = smallDisk('64m');
    const { url, dataDirectory } = await testServer();
    const { uid, gid } = await stat(dataDirectory);
    await chown(disk.path, uid, gid);
    await sql(url, `create tablespace small location '${disk.path}'`);
    // A new database lies where its template does.
    await sql(url, 'alter database template0 set tablespace small');
  });

  afterAll(async () => {
    try {
      await world?.close();
      await platform?.drop();
    } finally {
      disk?.remove();
    }
  });

  test('ends with what is wrong, as often as it is tried, and goes on once there is room', async () => {
    const { setId } = await runBackup(world.context({ options: { partSize: 2 ** 20, workers: 1 } }));
    const context = await world.restoreContext({ workers: 1 });
    const database = 'no_longer_full';
    const plan = await planRestore(context, setId, { database });
    await savePlan(context, plan);
    // Template and new database take 8 MiB each; then there is first no room for the rows, and then for the indexes. What
    // a copy leaves that failed is not given back.
    for (const room of [6, 21]) {
      const ballast = join(disk.path, 'ballast');
      await writeFile(ballast, Buffer.alloc((64 - 16 - room) * mebibyte));
      try {
        await failsCleanly(applyPlan(context, backupRestore, plan.id), {
          exitCode: 7,
          code: 'plan-partial',
          message:
            room === 6
              ? /loaded.*No space left on device/
              : /No space left on device.*in: (?:ALTER TABLE|CREATE INDEX)/,
        });
      } finally {
        await rm(ballast);
      }
      expect(await sql(platform.url, `select 1 from pg_database where datname = '${database}'`)).toEqual([]);
    }
    await applyPlan(context, backupRestore, plan.id);
    const manifest = await manifestOf(world, setId);
    const url = withDatabase(platform.url, database);
    expect(await tablesNow(url, manifest)).toEqual(manifest.tables);
    expect(await sql(url, `select count(*)::int as n from pg_indexes where tablename = 'note'`)).toEqual([
      { n: 2 },
    ]);
    await sql(platform.url, `drop database ${database} with (force)`);
  });
});
