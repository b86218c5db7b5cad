import { type Client, connect } from '../../base/postgres.ts';
import { quoteIdentifier, quoteLiteral } from '../../platform/quote.ts';
import { runScript } from '../raw-query.ts';
import { closedDatabaseUrl, inClosedDatabase, onServer } from '../restore/closed-database.ts';
import type { RestoreContext } from '../restore/context.ts';
import { readScript } from '../restore/opened-set.ts';
import { makeDatabase } from '../restore/steps.ts';
import type { RestoreWork } from '../restore/work.ts';
import { ownSettings } from '../worker/session.ts';
import { dropScratchRoles, lockScratch, unlockScratch } from './scratch-cleanup.ts';
import { type ScratchMark, writeMark } from './scratch-mark.ts';

/** A database that is made for a drill and dropped after it. */
export interface ScratchDatabase {
  readonly name: string;
  readonly mark: ScratchMark;
  /** Tells other drills that this one is alive: ends with this process, however that ends. */
  readonly holder: Client;
}

/** Makes the empty database with its mark, and stays connected to it. Errors as `makeDatabase`. */
export async function createScratch(context: RestoreContext, work: RestoreWork): Promise<ScratchDatabase> {
  const name = work.workingName;
  return onServer(context, async (client) => {
    await lockScratch(client);
    const mark: ScratchMark = {
      profile: context.profile,
      setId: work.set.setId,
      startedAt: context.clock.now().toISOString(),
      roles: await missingRoles(client, work.source.roles),
      kept: false,
    };
    await makeDatabase(client, work);
    await client.query(commentSql(name, mark));
    const holder = await hold(closedDatabaseUrl(context, work));
    await unlockScratch(client);
    return { name, mark, holder };
  });
}

async function missingRoles(client: Client, wanted: readonly string[]): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `select wanted.name from pg_catalog.unnest($1::text[]) wanted(name)
      where not exists (select from pg_catalog.pg_roles where rolname = wanted.name)`,
    [wanted],
  );
  return rows.map(({ name }) => name);
}

async function hold(url: string): Promise<Client> {
  const holder = await connect({ url, role: 'scratch database', purpose: 'drill', database: 'foreign' });
  for (const statement of ownSettings) await holder.query(statement);
  // Exists from PostgreSQL 14 on.
  await holder.query(
    `select pg_catalog.set_config(name, '0', false) from pg_catalog.pg_settings where name = 'idle_session_timeout'`,
  );
  return holder;
}

/**
 * Gives the scratch database its owner and settings as a restore does, and keeps it closed: what the set grants is
 * taken back in the same transaction, and the set's comment makes room for the mark.
 */
export async function openScratch(
  context: RestoreContext,
  work: RestoreWork,
  { name, mark }: ScratchDatabase,
): Promise<void> {
  const settings = await readScript(context, work, 'database-settings');
  await inClosedDatabase(context, work, async (client) => {
    await client.query('SET default_transaction_read_only = off');
    await client.query('BEGIN');
    await runScript(client, settings);
    await client.query(`DO $$
      declare grantee text;
      begin
        for grantee in
          select distinct case when a.grantee = 0 then 'PUBLIC' else pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) end
            from pg_catalog.pg_database d, pg_catalog.aclexplode(coalesce(d.datacl, pg_catalog.acldefault('d', d.datdba))) a
           where d.datname = pg_catalog.current_database()
        loop
          execute pg_catalog.format('revoke all on database %I from %s', pg_catalog.current_database(), grantee);
        end loop;
      end $$`);
    await client.query(commentSql(name, mark));
    await client.query('COMMIT');
  });
}

/** Drops scratch databases of this drill, whoever is connected, and the roles that came with them. */
export async function dropScratch(
  context: Pick<RestoreContext, 'serverUrl'>,
  databases: readonly ScratchDatabase[],
): Promise<void> {
  await Promise.all(databases.map(({ holder }) => holder.end().catch(() => {})));
  await onServer(context, async (client) => {
    for (const { name } of databases) {
      await client.query(
        'select pg_catalog.pg_terminate_backend(pid) from pg_catalog.pg_stat_activity where datname = $1',
        [name],
      );
      await client.query(`DROP DATABASE IF EXISTS ${quoteIdentifier(name)}`);
    }
    await dropScratchRoles(
      client,
      databases.flatMap(({ name, mark }) => [name, ...mark.roles]),
    );
  });
}

/** Lets a scratch database outlive its drill. @returns how a person removes it */
export async function keepScratch(
  context: Pick<RestoreContext, 'serverUrl'>,
  { name, mark, holder }: ScratchDatabase,
): Promise<string> {
  await onServer(context, (client) => client.query(commentSql(name, { ...mark, kept: true })));
  await holder.end().catch(() => {});
  return `database ${name}; \`postern backup drill --cleanup\` drops it`;
}

function commentSql(name: string, mark: ScratchMark): string {
  return `COMMENT ON DATABASE ${quoteIdentifier(name)} IS ${quoteLiteral(writeMark(mark))}`;
}
