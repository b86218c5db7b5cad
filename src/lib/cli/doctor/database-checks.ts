import type { Queryable } from '../../base/postgres.ts';
import { withConnection } from '../../base/postgres.ts';
import type { PosternContext } from '../context.ts';
import { absent, type Finding, finding, ok } from './check.ts';

interface Login {
  readonly version: string;
  readonly versionNum: number;
  readonly database: string;
  readonly role: string;
  readonly seesEverything: boolean;
  readonly seesRows: boolean;
  readonly encrypted: boolean;
}

export async function checkPlatform(context: PosternContext): Promise<Finding> {
  const login = await withConnection(
    { url: await context.platformUrl(), role: 'platform database', purpose: 'doctor', database: 'foreign' },
    askLogin,
  );
  const what = `PostgreSQL ${login.version}, database ${login.database}, role ${login.role}`;
  if (login.versionNum < 120_000)
    return finding(`${what}: too old`, 'postern works with PostgreSQL 12 to 18');
  if (!login.seesEverything)
    return finding(
      `${what}: cannot read every table`,
      `GRANT pg_read_all_data TO ${login.role} (PostgreSQL 14 and later)`,
    );
  if (!login.seesRows)
    return finding(`${what}: row security would hide rows from it`, `ALTER ROLE ${login.role} BYPASSRLS`);
  return ok(`${what}, reads every row${login.encrypted ? ', over TLS' : ''}`);
}

async function askLogin(db: Queryable): Promise<Login> {
  const { rows } = await db.query<Login>(`select pg_catalog.current_setting('server_version') as version,
      pg_catalog.current_setting('server_version_num')::int as "versionNum",
      pg_catalog.current_database()::text as database, current_user::text as role,
      r.rolsuper or not exists (
        select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
         where c.relkind in ('r', 'p') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
           and not (pg_catalog.has_schema_privilege(n.oid, 'usage') and pg_catalog.has_table_privilege(c.oid, 'select'))) as "seesEverything",
      r.rolsuper or r.rolbypassrls or not exists (
        select from pg_catalog.pg_class c where c.relrowsecurity
           and not (pg_catalog.pg_has_role(c.relowner, 'usage') and not c.relforcerowsecurity)) as "seesRows",
      coalesce((select ssl from pg_catalog.pg_stat_ssl where pid = pg_catalog.pg_backend_pid()), false) as encrypted
    from pg_catalog.pg_roles r where r.rolname = current_user`);
  const [login] = rows;
  if (login === undefined) throw new Error('current_user is no role');
  return login;
}

export async function checkMap(context: PosternContext): Promise<Finding> {
  const { map } = context.settings('platform');
  if (map === undefined) return absent('no map is named under platform.map');
  const { loadDataMap, lintDataMap } = await import('../../platform/map/index.ts');
  const loaded = await loadDataMap(context.path('platform', map));
  const findings = lintDataMap(loaded.map);
  const tables = Object.keys(loaded.map.tables).length;
  if (findings.length > 0)
    return finding(`${loaded.file}: ${findings.length} findings`, '`postern map lint` lists them');
  return ok(`${loaded.file}, ${tables} tables`);
}

export async function checkState(context: PosternContext): Promise<Finding> {
  const { stateStatus } = await import('../../state/status.ts');
  const status = await stateStatus(await context.state());
  if (status.state === 'current') return ok(`schema ${status.version}, current`);
  return finding(
    `schema ${status.version} of ${status.newest}: ${status.state}`,
    '`postern state migrate` as its owner',
  );
}
