import { type Client, withConnection, withDatabase } from '../../base/postgres.ts';
import type { Plan } from '../../operation/plan.ts';
import type { ManifestSource } from '../format/manifest.ts';
import { schemaTextSettings, withSessionOptions } from '../session-options.ts';
import { ownSettings } from '../worker/session.ts';
import type { RestoreContext } from './context.ts';
import { workingName } from './marks.ts';

/** Event triggers can be switched off from here on, and can fire at a login. */
const eventTriggersVersion = 170_000;

/**
 * How to reach the database that a plan restores, while it has its working name. Event triggers that came with its
 * schema must not answer to the restore's own logins and commands: they would change what was restored, or forbid it.
 */
export function closedDatabaseUrl(
  { serverUrl }: RestoreContext,
  plan: Plan,
  source: Pick<ManifestSource, 'serverVersionNum'>,
): string {
  // The target is of the source's version or a newer one; on an older one there is no such setting.
  const canSwitchOff = source.serverVersionNum >= eventTriggersVersion;
  return withSessionOptions(withDatabase(serverUrl, workingName(plan)), {
    ...schemaTextSettings,
    ...(canSwitchOff ? { event_triggers: 'off' } : {}),
  });
}

/** Runs work in that database, with no limit on its time. Errors as `connect`. */
export function inClosedDatabase<T>(
  context: RestoreContext,
  plan: Plan,
  source: Pick<ManifestSource, 'serverVersionNum'>,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const url = closedDatabaseUrl(context, plan, source);
  return withConnection(
    { url, role: 'database being restored', purpose: 'restore', database: 'foreign' },
    async (client) => {
      for (const statement of ownSettings) await client.query(statement);
      return work(client);
    },
  );
}
