import { expect, test } from 'vitest';
import { backupRestore } from '../../src/lib/backup/restore/kind.ts';
import { planRestore } from '../../src/lib/backup/restore/plan-restore.ts';
import { runBackup } from '../../src/lib/backup/run.ts';
import { withDatabase } from '../../src/lib/base/postgres.ts';
import { silentProgress } from '../../src/lib/base/progress.ts';
import { applyPlan } from '../../src/lib/operation/apply.ts';
import { savePlan } from '../../src/lib/operation/plan-store.ts';
import { backupWorld } from '../support/backup-world.ts';
import { testDatabase, testServer } from '../support/postgres.ts';
import { createZoo } from '../support/zoo/zoo.ts';
import { manifestOf, tablesNow } from './restored-equals.ts';
import { sql } from './round-trip.ts';

test('the schema zoo of PostgreSQL 15 comes back on 18, row by row, and says that the schema was not compared', async () => {
  const platform = await testDatabase({ major: 15, encoding: 'UTF8' });
  const world = await backupWorld({ platformUrl: platform.url, major: 15 });
  const { url: newer } = await testServer(18);
  const database = `newer_${process.pid}`;
  try {
    await createZoo(platform.url);
    const { setId } = await runBackup(world.context());
    const warnings: string[] = [];
    const progress = { ...silentProgress, warn: (line: string) => warnings.push(line) };
    const context = await world.restoreContext({ serverUrl: newer, progress });
    const plan = await planRestore(context, setId, { database });
    await savePlan(context, plan);
    await applyPlan(context, backupRestore, plan.id);
    const manifest = await manifestOf(world, setId);
    expect(await tablesNow(withDatabase(newer, database), manifest)).toEqual(manifest.tables);
    expect(warnings).toContainEqual(expect.stringContaining('another major version'));
  } finally {
    await sql(newer, `drop database if exists ${database} with (force)`);
    await world.close();
    await platform.drop();
  }
});
