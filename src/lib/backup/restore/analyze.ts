import type { Client } from '../../base/postgres.ts';

/** Gathers statistics of what is stored here: a plain ANALYZE would also ask foreign servers, which may not answer. */
export async function analyze(client: Client): Promise<void> {
  const { rows } = await client.query<{ statement: string }>(statements);
  for (const { statement } of rows) await client.query(statement);
}

const statements = `select pg_catalog.format('analyze %I.%I', n.nspname, c.relname) as statement
  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
 where c.relkind in ('r', 'm') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
 order by c.oid`;
