import type { Client } from '../../base/postgres.ts';
import { qualifiedName, quoteIdentifier } from '../../platform/quote.ts';
import { declaredEncoding, runScript } from '../raw-query.ts';
import { splitStatements } from '../split-statements.ts';

// Inside a database that is being restored, a schema of the database's working name remembers what is done; each mark
// is written in the transaction of the work that it marks.

export function markTable(workingName: string): string {
  return qualifiedName(workingName, 'done');
}

export async function createMarks(client: Client, workingName: string): Promise<void> {
  await client.query(`CREATE SCHEMA IF NOT EXISTS ${quoteIdentifier(workingName)}`);
  await client.query(
    `CREATE TABLE IF NOT EXISTS ${markTable(workingName)} (mark text PRIMARY KEY, rows bigint)`,
  );
}

/** Removes the marks. An event trigger of the restored schema that forbids or records it is asleep meanwhile. */
export async function dropMarks(client: Client, workingName: string): Promise<void> {
  await client.query('SET client_min_messages = warning');
  const { rows: triggers } = await client.query<EventTrigger>(eventTriggers);
  await client.query('BEGIN');
  try {
    for (const { name } of triggers) await client.query(`ALTER EVENT TRIGGER ${name} DISABLE`);
    await client.query(`DROP SCHEMA IF EXISTS ${quoteIdentifier(workingName)} CASCADE`);
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

/** A script whose statements are run one after the other, or some of them beside each other. */
export interface MarkedScript {
  readonly workingName: string;
  /** The file's name, which the marks carry. */
  readonly name: string;
  readonly encoding: string;
  readonly statements: readonly Buffer[];
  /** What follows the last statement: comments. */
  readonly rest: Buffer;
}

/** A script of a set, ready to be run. */
export function markedScript(workingName: string, name: string, script: Buffer): MarkedScript {
  const statements = splitStatements(script);
  return {
    workingName,
    name,
    // Each piece is a script of its own, and must say again which encoding its bytes are in.
    encoding: declaredEncoding(script) ?? 'UTF8',
    statements: statements.map(({ start, end }) => script.subarray(start, end)),
    rest: script.subarray(statements.at(-1)?.end ?? 0),
  };
}

/**
 * Runs a script so that it can be stopped anywhere and run again: each batch of statements commits together with its
 * mark, and a marked batch is not run again, but for its session settings, which the later ones count on.
 */
export async function runMarkedScript(client: Client, script: MarkedScript): Promise<void> {
  await runMarkedRange(client, script, [0, script.statements.length]);
}

/** The same for the statements [first, end). */
export async function runMarkedRange(
  client: Client,
  { workingName, name, encoding, statements }: MarkedScript,
  [start, end]: readonly [start: number, end: number],
): Promise<void> {
  const head = Buffer.from(`SET client_encoding = '${encoding}'`);
  for (let first = start; first < end; first += batchSize) {
    const batch = statements.slice(first, Math.min(end, first + batchSize));
    await client.query('BEGIN');
    try {
      const { rowCount } = await client.query(
        `INSERT INTO ${markTable(workingName)} (mark) VALUES ($1) ON CONFLICT DO NOTHING`,
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

/** The session settings among these statements. */
export async function runSettings(
  client: Client,
  { encoding, statements }: Pick<MarkedScript, 'encoding' | 'statements'>,
): Promise<void> {
  const head = Buffer.from(`SET client_encoding = '${encoding}'`);
  await runScript(client, joined([head, ...statements.filter(isSessionSetting)]));
}

export function isSessionSetting(statement: Buffer): boolean {
  return /^\s*(?:--[^\n]*\n\s*)*(?:SET |SELECT pg_catalog\.set_config\()/.test(
    statement.subarray(0, 2000).toString('latin1'),
  );
}

function joined(statements: readonly Buffer[]): Buffer {
  return Buffer.concat(statements.flatMap((statement) => [statement, Buffer.from(';\n')]));
}
