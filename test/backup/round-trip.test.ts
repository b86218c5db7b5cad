import { afterAll, beforeAll, expect, test } from 'vitest';
import { listSets } from '../../src/lib/backup/list.ts';
import { backupRestore } from '../../src/lib/backup/restore/kind.ts';
import { planRestore } from '../../src/lib/backup/restore/plan-restore.ts';
import { runBackup } from '../../src/lib/backup/run.ts';
import { verifySet } from '../../src/lib/backup/verify/index.ts';
import { withConnection, withDatabase } from '../../src/lib/base/postgres.ts';
import { silentProgress } from '../../src/lib/base/progress.ts';
import { applyPlan } from '../../src/lib/operation/apply.ts';
import { savePlan } from '../../src/lib/operation/plan-store.ts';
import { type BackupWorld, backupWorld } from '../support/backup-world.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';

let platform: TestDatabase;
let world: BackupWorld;

beforeAll(async () => {
  platform = await testDatabase();
  await withConnection({ url: platform.url, role: 'test' }, (client) =>
    client.query(`
      create table person (id bigint generated always as identity primary key, name text not null, tags text[], born date);
      insert into person (name, tags, born) select 'person ' || n, array['a', null, 'c"d'], date '1970-01-01' + n from generate_series(1, 5000) n;
      create table mail (id uuid primary key default gen_random_uuid(), person bigint references person, body text);
      insert into mail (person, body) select n, repeat('line' || chr(9) || n || E'\\n', 50) from generate_series(1, 5000) n;
      create index on mail (person);
      create view people as select name from person;
      select lo_from_bytea(0, 'a large object'::bytea);
    `),
  );
  world = await backupWorld({ platformUrl: platform.url });
});

afterAll(async () => {
  await world?.close();
  await platform?.drop();
});

test('a database that was backed up comes back equal, row by row and in its schema', async () => {
  const run = await runBackup(world.context({ options: { partSize: 2 ** 16 } }));
  expect(run).toMatchObject({ tables: 2, rows: 10_000, sources: [{ largeObjects: 1 }], previousSetId: null });
  expect(await listSets(world.sets)).toMatchObject([{ setId: run.setId, isComplete: true }]);
  const verified = await verifySet(world.sets, run.setId, {
    level: 'full',
    keys: world.secretKeys,
    workers: 2,
    signal: new AbortController().signal,
    progress: silentProgress,
  });
  expect(verified).toMatchObject({ findings: [], opened: true, rows: 10_000 });

  const context = await world.restoreContext();
  const database = `restored_${process.pid}`;
  const plan = await planRestore(context, run.setId, { database });
  await savePlan(context, plan);
  await applyPlan(context, backupRestore, plan.id);
  await withConnection({ url: withDatabase(platform.url, database), role: 'test' }, async (client) => {
    expect((await client.query('select count(*)::int as n from people')).rows).toEqual([{ n: 5000 }]);
    await expect(client.query('insert into mail (person) values (-1)')).rejects.toThrow(/foreign key/);
    expect((await client.query(`insert into person (name) values ('next') returning id`)).rows).toEqual([
      { id: '5001' },
    ]);
  });
  await withConnection({ url: platform.url, role: 'test' }, (client) =>
    client.query(`drop database ${database} with (force)`),
  );
});
