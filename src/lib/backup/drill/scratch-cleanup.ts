import { messageOf } from '../../base/error.ts';
import { type Client, sqlState, withConnection, withDatabase } from '../../base/postgres.ts';
import { quoteIdentifier } from '../../platform/quote.ts';
import { onServer } from '../restore/closed-database.ts';
import type { DrillCleanupResult } from './results.ts';
import { readMark, scratchPattern } from './scratch-mark.ts';

/**
 * Drops the scratch databases that drills have left which were killed, and the roles that came with them. Nothing
 * else: a database must have the name and the mark of one, or the name and nothing in it, and nobody may be connected
 * to it, as a drill under way always is.
 * @param kept `too`: also those that somebody wanted to look at
 */
export async function cleanUpScratch(serverUrl: string, kept: 'too' | 'not'): Promise<DrillCleanupResult> {
  return onServer({ serverUrl }, async (client) => {
    await lockScratch(client);
    const { rows } = await client.query<Candidate>(candidates, [scratchPattern]);
    const dropped: string[] = [];
    const left: { name: string; reason: string }[] = [];
    const roles: string[] = [];
    for (const { name, comment, isBusy } of rows) {
      const mark = readMark(comment);
      const reason = isBusy
        ? 'somebody is connected to it'
        : mark?.kept === true && kept === 'not'
          ? 'it was kept on purpose'
          : mark === undefined && !(await isEmpty(serverUrl, name))
            ? 'it has the name of a scratch database, but not its mark'
            : await dropUnused(client, name);
      if (reason === undefined) {
        dropped.push(name);
        roles.push(name, ...(mark?.roles ?? []));
      } else left.push({ name, reason });
    }
    await dropScratchRoles(client, roles);
    return { dropped, left };
  });
}

/** Held by who makes or drops scratch databases: between its creation and its mark, one looks like a dead one. */
export async function lockScratch(client: Client): Promise<void> {
  await client.query(`select pg_catalog.pg_advisory_lock(pg_catalog.hashtextextended('postern drill', 0))`);
}

export async function unlockScratch(client: Client): Promise<void> {
  await client.query(`select pg_catalog.pg_advisory_unlock(pg_catalog.hashtextextended('postern drill', 0))`);
}

/** Drops roles that a drill has brought; one that others use by now stays. */
export async function dropScratchRoles(client: Client, roles: readonly string[]): Promise<void> {
  for (const role of new Set(roles)) {
    try {
      await client.query(`DROP ROLE IF EXISTS ${quoteIdentifier(role)}`);
    } catch (error) {
      // 2BP01: something belongs to it; 42704 and 42501: another run was faster, or it is not ours.
      if (!['2BP01', '42704', '42501', '55006'].includes(sqlState(error) ?? '')) throw error;
    }
  }
}

interface Candidate {
  readonly name: string;
  readonly comment: string | null;
  readonly isBusy: boolean;
}

const candidates = `select d.datname::text as name, pg_catalog.shobj_description(d.oid, 'pg_database') as comment,
       exists (select from pg_catalog.pg_stat_activity a where a.datid = d.oid) as "isBusy"
  from pg_catalog.pg_database d where d.datname ~ $1 order by d.datname`;

/** Without FORCE, the server itself refuses when somebody is connected by now. */
async function dropUnused(client: Client, name: string): Promise<string | undefined> {
  try {
    await client.query(`DROP DATABASE ${quoteIdentifier(name)}`);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

async function isEmpty(serverUrl: string, name: string): Promise<boolean> {
  return withConnection(
    { url: withDatabase(serverUrl, name), role: 'scratch database', database: 'foreign' },
    async (client) => {
      const { rows } = await client.query<{ empty: boolean }>(
        `select not exists (select from pg_catalog.pg_class where oid >= 16384)
            and not exists (select from pg_catalog.pg_namespace where oid >= 16384)
            and not exists (select from pg_catalog.pg_largeobject_metadata) as empty`,
      );
      return rows[0]?.empty === true;
    },
  );
}
