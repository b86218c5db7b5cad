import type { Queryable } from '../../base/postgres.ts';
import type { Catalog } from '../../platform/catalog/index.ts';
import { quoteIdentifier } from '../../platform/quote.ts';
import { notText } from '../database-failure.ts';
import { inThisDatabase, lineLiteral } from '../format/sql-text.ts';
import { setSql } from './setting-sql.ts';

/** How the database was made: all that cannot be changed afterwards. */
export interface DatabaseLocale {
  readonly encoding: string;
  readonly collate: string;
  readonly ctype: string;
  readonly localeProvider: string;
  readonly icuLocale: string | null;
  readonly icuRules: string | null;
}

/** `CREATE DATABASE` with the same encoding and collation; `name` is SQL already. From template0: the set holds the rest. */
export function createDatabaseSql(name: string, locale: DatabaseLocale, targetVersionNum: number): string {
  const provider =
    targetVersionNum < 150_000
      ? []
      : [
          `LOCALE_PROVIDER ${locale.localeProvider}`,
          ...(locale.icuLocale === null
            ? []
            : [
                `${locale.localeProvider === 'icu' ? 'ICU_LOCALE' : 'BUILTIN_LOCALE'} ${lineLiteral(locale.icuLocale)}`,
              ]),
          ...(locale.icuRules === null ? [] : [`ICU_RULES ${lineLiteral(locale.icuRules)}`]),
        ];
  return [
    `CREATE DATABASE ${name} TEMPLATE template0`,
    `ENCODING ${lineLiteral(locale.encoding)}`,
    `LC_COLLATE ${lineLiteral(locale.collate)}`,
    `LC_CTYPE ${lineLiteral(locale.ctype)}`,
    ...provider,
  ].join(' ');
}

/** For stock psql, which fills in the name: `psql -v database=NAME`. */
export function createDatabaseScript(locale: DatabaseLocale, sourceVersionNum: number): string {
  return `${createDatabaseSql(':"database"', locale, sourceVersionNum)};\nREVOKE CONNECT, TEMPORARY ON DATABASE :"database" FROM PUBLIC;\n`;
}

/** Owner, privileges, limits, comment and settings of the database itself: pg_dump leaves these out. */
export async function databaseSettingsScript(db: Queryable, catalog: Catalog): Promise<string> {
  const { rows: grants } = await db.query<Grant>(databaseGrants);
  const { rows: comments } = await db.query<{ comment: string | null }>(databaseComment);
  const { database } = catalog;
  const owner = percent(quoteIdentifier(database.owner));
  const comment = comments[0]?.comment ?? null;
  const settings = catalog.settings
    .filter(({ thisDatabase }) => thisDatabase)
    .flatMap(({ role, settings: values }) => values.map((setting) => settingSql(role, setting)));
  // The catalog is read as bytes, and what is no UTF-8 has become this.
  const damaged = settings.find((setting) => database.encoding === 'SQL_ASCII' && setting.includes('\uFFFD'));
  if (damaged !== undefined) throw notText(damaged);
  const acl =
    database.acl === null
      ? ['GRANT CONNECT, TEMPORARY ON DATABASE %I TO PUBLIC']
      : [
          `REVOKE ALL ON DATABASE %I FROM PUBLIC`,
          `REVOKE ALL ON DATABASE %I FROM ${owner}`,
          ...grants.map(grantSql),
        ];
  return inThisDatabase([
    `ALTER DATABASE %I OWNER TO ${owner}`,
    ...(database.connectionLimit === -1
      ? []
      : [`ALTER DATABASE %I CONNECTION LIMIT ${database.connectionLimit}`]),
    ...(comment === null ? [] : [`COMMENT ON DATABASE %I IS ${percent(lineLiteral(comment))}`]),
    ...settings,
    ...acl,
  ]);
}

interface Grant {
  readonly grantee: string | null;
  readonly privilege: string;
  readonly grantable: boolean;
}

const databaseGrants = `select case when a.grantee = 0 then null else pg_catalog.pg_get_userbyid(a.grantee) end::text as grantee,
       a.privilege_type as privilege, a.is_grantable as grantable
  from pg_catalog.pg_database d, pg_catalog.aclexplode(d.datacl) a
 where d.datname = pg_catalog.current_database()
 order by 1 nulls first, 2`;

const databaseComment = `select pg_catalog.shobj_description(oid, 'pg_database') as comment
  from pg_catalog.pg_database where datname = pg_catalog.current_database()`;

function grantSql({ grantee, privilege, grantable }: Grant): string {
  const to = grantee === null ? 'PUBLIC' : percent(quoteIdentifier(grantee));
  return `GRANT ${privilege} ON DATABASE %I TO ${to}${grantable ? ' WITH GRANT OPTION' : ''}`;
}

function settingSql(role: string | null, setting: string): string {
  const subject =
    role === null ? 'ALTER DATABASE %I' : `ALTER ROLE ${percent(quoteIdentifier(role))} IN DATABASE %I`;
  return `${subject} ${percent(setSql(setting))}`;
}

/** For format(): a percent sign that is meant. */
function percent(sql: string): string {
  return sql.replaceAll('%', '%%');
}
