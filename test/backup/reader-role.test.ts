import { expect, test } from 'vitest';
import { runBackup } from '../../src/lib/backup/run.ts';
import { silentProgress } from '../../src/lib/base/progress.ts';
import { backupWorld } from '../support/backup-world.ts';
import { testDatabase } from '../support/postgres.ts';
import { createZoo } from '../support/zoo/zoo.ts';
import { manifestOf, tablesNow } from './restored-equals.ts';
import { restoreSet, sql } from './round-trip.ts';

test('a role that may only read everything backs the schema zoo up whole', async () => {
  const platform = await testDatabase({ encoding: 'UTF8' });
  const world = await backupWorld({ platformUrl: platform.url });
  const role = `backup_reader_${process.pid}`;
  const database = `by_reader_${process.pid}`;
  const password = 'only for this test';
  try {
    await createZoo(platform.url);
    await sql(
      platform.url,
      `create role "${role}" login bypassrls password '${password}'; grant pg_read_all_data to "${role}";
       do $$ begin
         execute (select string_agg(format('grant select on large object %s to %I', oid, '${role}'), ';') from pg_largeobject_metadata);
         execute format('alter role %I set extension_control_path = %L', '${role}', current_setting('extension_control_path'));
       end $$`,
    );
    const url = Object.assign(new URL(platform.url), { username: role, password }).toString();
    const warnings: string[] = [];
    const progress = { ...silentProgress, warn: (line: string) => warnings.push(line) };
    const { setId } = await runBackup(world.context({ platformUrl: url, progress }));
    expect(warnings).toEqual([expect.stringMatching(/user mappings are left out.*: elsewhere/)]);
    const manifest = await manifestOf(world, setId);
    expect(await tablesNow(platform.url, manifest)).toEqual(manifest.tables);
    const restored = await restoreSet(world, setId, database);
    expect(restored).toMatchObject({ state: 'applied', schema: 'equal' });
  } finally {
    await sql(platform.url, `drop database if exists ${database} with (force)`);
    await world.close();
    await sql(platform.url, `drop owned by "${role}"; drop role "${role}"`);
    await platform.drop();
  }
});
