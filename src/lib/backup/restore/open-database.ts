import { quoteIdentifier } from '../../platform/quote.ts';
import { runScript } from '../raw-query.ts';
import { inClosedDatabase, onServer } from './closed-database.ts';
import type { RestoreContext } from './context.ts';
import { readScript } from './opened-set.ts';
import { askServer } from './preflight.ts';
import type { RestoreWork } from './work.ts';

/** Gives the database its owner, privileges and settings, and then its name: from now on roles may connect to it. */
export async function openDatabase(
  context: RestoreContext,
  work: RestoreWork,
  database: string,
): Promise<void> {
  const settings = await readScript(context, work, 'database-settings');
  await inClosedDatabase(context, work, async (client) => {
    // Stopped behind the settings and begun again, it would find itself under them.
    await client.query('SET default_transaction_read_only = off');
    await runScript(client, settings);
  });
  await onServer(context, (client) =>
    client.query(
      `ALTER DATABASE ${quoteIdentifier(work.workingName)} RENAME TO ${quoteIdentifier(database)}`,
    ),
  );
}

/** Whether the database still has its working name. */
export async function isStillClosed(context: RestoreContext, workingName: string): Promise<boolean> {
  return onServer(context, async (client) => (await askServer(client, workingName)).hasDatabase);
}
