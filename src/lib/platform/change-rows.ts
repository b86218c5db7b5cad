import type { Queryable } from '../base/postgres.ts';

/**
 * SQL for the WHERE of a statement that changes rows of the platform, always true: from its first row on, until the
 * transaction ends, names mean what they mean to the application. Its triggers often name tables without their schema,
 * and find them by search_path; the statement's own names are known by then, and mean the same wherever it runs. The path
 * is that of the login by ALTER ROLE or ALTER DATABASE, else PostgreSQL's own.
 */
export const platformNames = `(select pg_catalog.set_config('search_path', coalesce((
  select pg_catalog.substr(c.setting, 13) from pg_catalog.pg_db_role_setting s, pg_catalog.unnest(s.setconfig) c(setting)
  where pg_catalog.left(c.setting, 12) = 'search_path='
    and s.setdatabase in (0, (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database()))
    and s.setrole in (0, (select r.oid from pg_catalog.pg_roles r where r.rolname = session_user))
  order by s.setrole = 0, s.setdatabase = 0 limit 1), '"$user", public'), true)) is not null`;

/** After such a statement: names mean again what they mean to us. */
export async function ownNames(db: Queryable): Promise<void> {
  await db.query(`select pg_catalog.set_config('search_path', 'pg_catalog', true)`);
}

/** Before a commit, at which triggers fire that wait for it. */
export async function beforeCommit(db: Queryable): Promise<void> {
  await db.query(`select ${platformNames}`);
}

/** Changes rows of the platform by a statement with `platformNames` in its WHERE, within the caller's transaction. */
export async function changePlatform<R>(db: Queryable, change: () => Promise<R>): Promise<R> {
  const result = await change();
  await ownNames(db);
  return result;
}
