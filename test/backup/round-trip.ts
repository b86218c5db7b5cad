import type { BackupOptions } from '../../src/lib/backup/context.ts';
import { backupRestore } from '../../src/lib/backup/restore/kind.ts';
import { restoreOutcome } from '../../src/lib/backup/restore/outcome.ts';
import { planRestore } from '../../src/lib/backup/restore/plan-restore.ts';
import type { BackupRestoreResult } from '../../src/lib/backup/restore/results.ts';
import { runBackup } from '../../src/lib/backup/run.ts';
import { withConnection, withDatabase } from '../../src/lib/base/postgres.ts';
import { applyPlan } from '../../src/lib/operation/apply.ts';
import { savePlan } from '../../src/lib/operation/plan-store.ts';
import { type BackupWorld, backupWorld } from '../support/backup-world.ts';
import { testServer } from '../support/postgres.ts';

export interface RoundTrip extends BackupRestoreResult {
  /** Of the restored database. */
  readonly url: string;
  readonly setId: string;
  readonly world: BackupWorld;
}

/** Restores a set of the world into a new database, and compares as a restore does. */
export async function restoreSet(
  world: BackupWorld,
  setId: string,
  database: string,
  source?: string,
): Promise<BackupRestoreResult> {
  // A thread takes longer to start than these databases take to copy.
  const context = await world.restoreContext({ workers: 1 });
  const plan = await planRestore(context, setId, { database, ...(source === undefined ? {} : { source }) });
  await savePlan(context, plan);
  const applied = await applyPlan(context, backupRestore, plan.id);
  return restoreOutcome(context, { plan, applied });
}

/** Backs a database of the test server up, restores it beside itself, and lets `look` at it before it goes. */
export async function roundTrip(
  platformUrl: string,
  look: (result: RoundTrip) => Promise<void>,
  options: Partial<BackupOptions> = {},
): Promise<void> {
  const world = await backupWorld({ platformUrl });
  const database = `round trip ${process.pid}`;
  const { url } = await testServer();
  try {
    const { setId } = await runBackup(world.context({ options: { workers: 1, ...options } }));
    const result = await restoreSet(world, setId, database);
    await look({ ...result, setId, world, url: withDatabase(url, database) });
  } finally {
    await sql(url, `drop database if exists "${database}" with (force)`);
    await world.close();
  }
}

/** The rows of one statement, on a connection of its own. */
export async function sql<Row extends object = Record<string, unknown>>(
  url: string,
  text: string,
): Promise<readonly Row[]> {
  return withConnection({ url, role: 'test' }, async (client) => (await client.query<Row>(text)).rows);
}
