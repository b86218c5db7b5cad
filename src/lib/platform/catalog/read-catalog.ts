import { readFile } from 'node:fs/promises';
import type { QueryResult } from 'pg';
import type { Queryable } from '../../base/postgres.ts';
import { quoteTextArray } from '../quote.ts';
import { assemble, type CatalogRows } from './assemble.ts';
import type { Catalog } from './catalog.ts';
import { checkNames } from './encoding.ts';
import { catalogError } from './error.ts';

const parts = [
  'server',
  'database',
  'setting',
  'schema',
  'relation',
  'column',
  'constraint',
  'foreign-key',
  'table-index',
  'trigger',
  'rule',
  'policy',
  'inheritance',
  'view-dependency',
  'sequence',
  'extension',
  'type',
  'routine',
  'event-trigger',
  'large-object',
  'publication',
  'subscription',
  'foreign-server',
] as const satisfies readonly (keyof CatalogRows)[];

export interface ReadCatalogOptions {
  /** Only relations, types and sequences of these schemas; everything of the user's unless told. */
  readonly schemas?: readonly string[];
  /**
   * What another session has locked exclusively, as ALTER TABLE does: `wait` for it (unless told), or `skip` what can
   * only be read of an open table, so that one table does not stand in the way of all.
   */
  readonly locked?: 'wait' | 'skip';
}

/**
 * Reads what the database says about itself, on PostgreSQL 12 to 18, with no more than any role may read: one query
 * for each kind of thing, all sent as one message. Inside a transaction of the caller's it sees that snapshot.
 * `db` must be free to change search_path within the message; it is as before afterwards.
 * @throws {PosternError} exit 1: `catalog-timeout` when another session's lock stands in the way,
 * `catalog-encoding` when a name is no UTF-8, `catalog-unreadable` for anything else that the server says
 */
export async function readCatalog(
  db: Queryable,
  { schemas, locked = 'wait' }: ReadCatalogOptions = {},
): Promise<Catalog> {
  const queries = await Promise.all(
    parts.map((part) => readFile(new URL(`${part}.sql`, import.meta.url), 'utf8')),
  );
  const chosen = schemas === undefined ? 'null::text[]' : quoteTextArray(schemas);
  const closed = locked === 'skip' ? await lockedTables(db) : [];
  const message = [remember, ...queries, restore]
    .join(';\n')
    .replaceAll(':schemas', () => chosen)
    .replaceAll(':locked', `'{${closed.join(',')}}'::oid[]`);
  let results: readonly QueryResult[];
  try {
    // pg answers a message of several statements with an array, which its types do not say.
    results = (await db.query(message)) as unknown as readonly QueryResult[];
  } catch (error) {
    throw catalogError(error);
  }
  const rows = Object.fromEntries(
    parts.map((part, index) => [part, results[index + rememberStatements]?.rows ?? []]),
  ) as unknown as CatalogRows;
  checkNames(rows);
  return { ...assemble(rows), locked: closed };
}

/** Who waits for such a lock lets nobody by either. */
async function lockedTables(db: Queryable): Promise<readonly number[]> {
  try {
    const { rows } = await db.query<{ oid: string }>(
      `select distinct l.relation::text as oid from pg_catalog.pg_locks l
       where l.locktype = 'relation' and l.mode = 'AccessExclusiveLock' and l.pid <> pg_catalog.pg_backend_pid()
         and l.database = (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database())`,
    );
    return rows.map(({ oid }) => Number(oid));
  } catch (error) {
    throw catalogError(error);
  }
}

// Names are printed without their schema when the search path finds them, so that the path must be known; JIT takes
// longer to compile these queries than they take to run; and a SQL_ASCII server refuses to send bytes that are no UTF-8
// to a UTF-8 client, where we would rather say which name it is. Everything is local to the message's transaction, or
// put back where the caller has one open.
const changed = ['search_path', 'jit', 'client_encoding'] as const;
const remember = `select ${changed.map((name) => `pg_catalog.set_config('postern.${name}', pg_catalog.current_setting('${name}'), true)`).join(', ')};
select pg_catalog.set_config('search_path', 'pg_catalog', true), pg_catalog.set_config('jit', 'off', true),
       pg_catalog.set_config('client_encoding', case pg_catalog.current_setting('server_encoding') when 'SQL_ASCII' then 'SQL_ASCII'
                                     else pg_catalog.current_setting('client_encoding') end, true)`;
const rememberStatements = 2;
const restore = `select ${changed.map((name) => `pg_catalog.set_config('${name}', pg_catalog.current_setting('postern.${name}'), true)`).join(', ')}`;
