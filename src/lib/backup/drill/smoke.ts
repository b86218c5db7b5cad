import { randomBytes } from 'node:crypto';
import { messageOf } from '../../base/error.ts';
import { type Client, withConnection, withDatabase } from '../../base/postgres.ts';
import { quoteIdentifier, quoteLiteral } from '../../platform/quote.ts';
import { inClosedDatabase } from '../restore/closed-database.ts';
import type { RestoreContext } from '../restore/context.ts';
import type { RestoreWork } from '../restore/work.ts';
import type { SmokeQuery } from './context.ts';
import { judgeAnswer, type SmokeAnswer } from './judge-answer.ts';
import type { SmokeResult } from './results.ts';

/** From here on there is a role that reads everything and changes nothing. */
const readAllData = 140_000;

/**
 * Asks a scratch database the queries of its source, read-only, as a login that may read everything and nothing more:
 * a query can reach functions that came with the set, which must not run as a superuser.
 */
export async function runSmokeQueries(
  context: RestoreContext,
  work: RestoreWork,
  queries: readonly SmokeQuery[],
): Promise<readonly SmokeResult[]> {
  const own = queries.filter(({ source }) => source === work.source.name);
  if (own.length === 0) return [];
  const results: SmokeResult[] = [];
  const url = await makeReader(context, work);
  for (const query of own) {
    context.signal.throwIfAborted();
    const began = performance.now();
    const { reason, rows } = await ask(url, query);
    const { name, source } = query;
    const seconds = (performance.now() - began) / 1000;
    results.push({ name, source, passed: reason === undefined, reason: reason ?? null, rows, seconds });
  }
  return results;
}

async function ask(
  url: string | undefined,
  query: SmokeQuery,
): Promise<{ readonly reason: string | undefined; readonly rows: number | null }> {
  if (url === undefined)
    return { reason: 'the server is older than PostgreSQL 14, which has no read-only login', rows: null };
  try {
    const answer = await withConnection(
      { url, role: 'scratch database', purpose: 'drill', database: 'foreign' },
      (client) => answerOf(client, query),
    );
    return { reason: judgeAnswer(query.expect, answer), rows: answer.rows };
  } catch (error) {
    return { reason: messageOf(error), rows: null };
  }
}

/** Counts all rows, and keeps two of them at most; a cursor takes one query and no other statement. */
async function answerOf(client: Client, { sql, timeout }: SmokeQuery): Promise<SmokeAnswer> {
  await client.query('BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY');
  await client.query(`SET LOCAL statement_timeout = ${timeout}`);
  await client.query({
    text: `DECLARE postern_smoke NO SCROLL CURSOR FOR ${sql.replace(/[;\s]+$/, '')}`,
    // The extended protocol refuses a second statement behind the first.
    queryMode: 'extended',
  } as { readonly text: string });
  const fetched = await client.query<(string | null)[]>({
    text: 'FETCH FORWARD 2 FROM postern_smoke',
    rowMode: 'array',
    types: { getTypeParser: () => (text: string | null) => text },
  });
  const more = await client.query('MOVE FORWARD ALL FROM postern_smoke');
  await client.query('ROLLBACK');
  return {
    rows: fetched.rows.length + (more.rowCount ?? 0),
    columns: fetched.fields.length,
    value: fetched.rows[0]?.[0] ?? null,
    type: fetched.fields[0]?.dataTypeID ?? 0,
  };
}

/** The login has the database's name, so that cleaning up finds both. @returns undefined on too old a server */
async function makeReader(context: RestoreContext, work: RestoreWork): Promise<string | undefined> {
  const role = quoteIdentifier(work.workingName);
  const password = randomBytes(24).toString('base64url');
  const isMade = await inClosedDatabase(context, work, async (client) => {
    const { rows } = await client.query<{ version: number }>(
      `select pg_catalog.current_setting('server_version_num')::int as version`,
    );
    if ((rows[0]?.version ?? 0) < readAllData) return false;
    await client.query('SET default_transaction_read_only = off');
    await silenceLoginTriggers(client);
    await client.query(
      `CREATE ROLE ${role} LOGIN INHERIT BYPASSRLS CONNECTION LIMIT 2 PASSWORD ${quoteLiteral(password)}`,
    );
    await client.query(`GRANT pg_read_all_data TO ${role}`);
    await client.query(`GRANT CONNECT ON DATABASE ${role} TO ${role}`);
    return true;
  });
  if (!isMade) return undefined;
  const url = new URL(withDatabase(context.serverUrl, work.workingName));
  url.username = work.workingName;
  url.password = password;
  return url.toString();
}

/** What came with the set and answers to logins would not know this one. */
async function silenceLoginTriggers(client: Client): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `select pg_catalog.quote_ident(evtname) as name from pg_catalog.pg_event_trigger where evtevent = 'login'`,
  );
  for (const { name } of rows) await client.query(`ALTER EVENT TRIGGER ${name} DISABLE`);
}
