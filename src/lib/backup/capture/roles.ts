import type { Queryable } from '../../base/postgres.ts';
import type { Catalog } from '../../platform/catalog/index.ts';
import { quoteIdentifier } from '../../platform/quote.ts';
import { lineLiteral } from '../format/sql-text.ts';

/** Every new database has a schema public. Where the source has none, it would stay: a dump does not take it away. */
export function withoutPublicSchema({ schemas }: Pick<Catalog, 'schemas'>): string {
  return schemas.some(({ name }) => name === 'public') ? '' : 'DROP SCHEMA IF EXISTS public;\n';
}

/** Roles that own something here or that somebody granted something here; the cluster's own ones are left out. */
export async function readRoles(db: Queryable): Promise<readonly string[]> {
  const { rows } = await db.query<{ name: string }>(rolesInUse);
  return rows.map(({ name }) => name);
}

// pg_shdepend has no row for the role that initdb made (oid 10), since nothing can drop it.
const rolesInUse = `select r.rolname::text as name
  from pg_catalog.pg_roles r
 where r.rolname !~ '^pg_'
   and (r.oid = 10
     or r.oid in (select d.refobjid from pg_catalog.pg_shdepend d
                   where d.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass
                     and (d.dbid = (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database())
                       or (d.classid = 'pg_catalog.pg_database'::pg_catalog.regclass
                         and d.objid = (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database()))))
     or r.oid in (select setrole from pg_catalog.pg_db_role_setting
                   where setdatabase = (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database())))
 order by r.rolname collate "C"`;

/**
 * Makes the roles that are missing, without login, password or any power: who may do what on a new server is for a
 * person to decide, but ownership and grants need the names.
 */
export function rolesScript(roles: readonly string[]): string {
  return roles
    .map((role) => {
      const create = `begin if not exists (select from pg_catalog.pg_roles where rolname = ${lineLiteral(role)}) then create role ${quoteIdentifier(role)} nologin; end if; end`;
      return `DO ${lineLiteral(create)};\n`;
    })
    .join('');
}
