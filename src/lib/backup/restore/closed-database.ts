import { type Client, withConnection, withDatabase } from '../../base/postgres.ts';
import { schemaTextSettings, withSessionOptions } from '../session-options.ts';
import { ownSettings } from '../worker/session.ts';
import type { RestoreContext } from './context.ts';
import type { RestoreWork } from './work.ts';

/** Event triggers can be switched off from here on, and can fire at a login. */
const eventTriggersVersion = 170_000;

/** What of the work tells how to reach its database. */
export interface ClosedDatabase {
  readonly workingName: string;
  readonly source: Pick<RestoreWork['source'], 'serverVersionNum'>;
}

/**
 * How to reach the database that is being restored, while it has its working name. Event triggers that came with its
 * schema must not answer to the restore's own logins and commands: they would change what was restored, or forbid it.
 */
export function closedDatabaseUrl(
  { serverUrl }: Pick<RestoreContext, 'serverUrl'>,
  { workingName, source }: ClosedDatabase,
): string {
  // The target is of the source's version or a newer one; on an older one there is no such setting.
  const canSwitchOff = source.serverVersionNum >= eventTriggersVersion;
  return withSessionOptions(withDatabase(serverUrl, workingName), {
    ...schemaTextSettings,
    ...(canSwitchOff ? { event_triggers: 'off' } : {}),
  });
}

/** Runs work in that database, with no limit on its time. Errors as `connect`. */
export function inClosedDatabase<T>(
  context: Pick<RestoreContext, 'serverUrl'>,
  database: ClosedDatabase,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const url = closedDatabaseUrl(context, database);
  return withConnection(
    { url, role: 'database being restored', purpose: 'restore', database: 'foreign' },
    async (client) => {
      for (const statement of ownSettings) await client.query(statement);
      return work(client);
    },
  );
}

/** Runs work on the server that takes the database. Errors as `connect`. */
export function onServer<T>(
  { serverUrl }: Pick<RestoreContext, 'serverUrl'>,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  return withConnection(
    { url: serverUrl, role: 'server for the restore', purpose: 'restore', database: 'foreign' },
    work,
  );
}
