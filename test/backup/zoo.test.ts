import { expect, test } from 'vitest';
import { backupRestore } from '../../src/lib/backup/restore/kind.ts';
import { restoreOutcome } from '../../src/lib/backup/restore/outcome.ts';
import { planRestore } from '../../src/lib/backup/restore/plan-restore.ts';
import { runBackup } from '../../src/lib/backup/run.ts';
import { withConnection } from '../../src/lib/base/postgres.ts';
import { applyPlan } from '../../src/lib/operation/apply.ts';
import { savePlan } from '../../src/lib/operation/plan-store.ts';
import { backupWorld } from '../support/backup-world.ts';
import { testDatabase, testServer } from '../support/postgres.ts';
import { createZoo } from '../support/zoo/zoo.ts';

const cases = ([15, 16, 17, 18] as const).flatMap((major) =>
  (['UTF8', 'SQL_ASCII'] as const).map((encoding) => ({ major, encoding })),
);

test.each(cases)(
  'the schema zoo on PostgreSQL $major in $encoding comes back equal',
  async ({ major, encoding }) => {
    const platform = await testDatabase({ major, encoding });
    const world = await backupWorld({ platformUrl: platform.url, major });
    const database = `zoo_restored_${process.pid}`;
    const server = await testServer(major);
    try {
      await createZoo(platform.url);
      const run = await runBackup(world.context({ options: { partSize: 2 ** 20 } }));
      const context = await world.restoreContext();
      const plan = await planRestore(context, run.setId, { database });
      await savePlan(context, plan);
      const applied = await applyPlan(context, backupRestore, plan.id);
      expect(await restoreOutcome(context, { plan, applied })).toMatchObject({
        state: 'applied',
        schema: 'equal',
        rows: run.rows,
        tables: run.tables,
      });
    } finally {
      await withConnection({ url: server.url, role: 'test' }, (client) =>
        client.query(`drop database if exists ${database} with (force)`),
      );
      await world.close();
      await platform.drop();
    }
  },
);
