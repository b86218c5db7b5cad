import type { Client } from '../../base/postgres.ts';
import type { Plan } from '../../operation/plan.ts';
import { qualifiedName, quoteIdentifier } from '../../platform/quote.ts';
import { declaredEncoding, runScript } from '../raw-query.ts';
import { splitStatements } from '../split-statements.ts';

/**
 * Until a restore is complete and compared, its database has this name: no application can connect to it by
 * mistake, and a database of this name can only be this plan's. Inside it, a schema of the same name remembers what
 * is done; each mark is written in the transaction of the work that it marks.
 */
export function workingName(plan: Plan): string {
  return `postern_restore_${plan.id.slice(0, 16)}`;
}

export function markTable(plan: Plan): string {
  return qualifiedName(workingName(plan), 'done');
}

export async function createMarks(client: Client, plan: Plan): Promise<void> {
  await client.query(`CREATE SCHEMA IF NOT EXISTS ${quoteIdentifier(workingName(plan))}`);
  await client.query(`CREATE TABLE IF NOT EXISTS ${markTable(plan)} (mark text PRIMARY KEY)`);
}

/** Removes the marks. An event trigger of the restored schema that forbids or records it is asleep meanwhile. */
export async function dropMarks(client: Client, plan: Plan): Promise<void> {
  await client.query('SET client_min_messages = warning');
  const { rows: triggers } = await client.query<EventTrigger>(eventTriggers);
  await client.query('BEGIN');
  try {
    for (const { name } of triggers) await client.query(`ALTER EVENT TRIGGER ${name} DISABLE`);
    await client.query(`DROP SCHEMA IF EXISTS ${quoteIdentifier(workingName(plan))} CASCADE`);
    for (const { name, enable } of triggers) await client.query(`ALTER EVENT TRIGGER ${name} ${enable}`);
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {});
    throw error;
  }
}

interface EventTrigger {
  /** Quoted. */
  readonly name: string;
  readonly enable: string;
}

const eventTriggers = `select pg_catalog.quote_ident(evtname) as name,
       case evtenabled when 'A' then 'ENABLE ALWAYS' when 'R' then 'ENABLE REPLICA' else 'ENABLE' end as enable
  from pg_catalog.pg_event_trigger where evtenabled <> 'D' order by oid`;

/** Statements in one transaction: more would need more locks than a server has by default. */
const batchSize = 100;

/**
 * Runs a script so that it can be stopped anywhere and run again: each batch of statements commits together with its
 * mark, and a marked batch is not run again, but for its session settings, which the later ones count on.
 */
export async function runMarkedScript(
  client: Client,
  plan: Plan,
  name: string,
  script: Buffer,
): Promise<void> {
  // Each batch is a script of its own, and must say again which encoding its bytes are in.
  const head = Buffer.from(`SET client_encoding = '${declaredEncoding(script) ?? 'UTF8'}'`);
  const statements = splitStatements(script).map(({ start, end }) => script.subarray(start, end));
  for (let first = 0; first < statements.length; first += batchSize) {
    const batch = statements.slice(first, first + batchSize);
    await client.query('BEGIN');
    try {
      const { rowCount } = await client.query(
        `INSERT INTO ${markTable(plan)} (mark) VALUES ($1) ON CONFLICT DO NOTHING`,
        [`${name}#${first}`],
      );
      const isNew = rowCount === 1;
      await runScript(client, joined([head, ...(isNew ? batch : batch.filter(isSessionSetting))]));
      await client.query('COMMIT');
    } catch (error) {
      await client.query('ROLLBACK').catch(() => {});
      throw error;
    }
  }
}

function isSessionSetting(statement: Buffer): boolean {
  return /^\s*(?:--[^\n]*\n\s*)*(?:SET |SELECT pg_catalog\.set_config\()/.test(
    statement.subarray(0, 2000).toString('latin1'),
  );
}

function joined(statements: readonly Buffer[]): Buffer {
  return Buffer.concat(statements.flatMap((statement) => [statement, Buffer.from(';\n')]));
}
