import { privilegeMissing } from '../database-failure.ts';
import type { HeldSnapshot } from './hold-snapshot.ts';

interface Unreadable {
  readonly name: string;
  readonly reason: 'privilege' | 'row-security' | 'large-objects';
}

/**
 * Finds out before the first byte whether the role sees every row: a table that it may not read, or rows that a
 * policy would hide, must stop the backup and not thin it out.
 * @throws {PosternError} exit 1, `privilege-missing`, naming the first tables
 */
export async function checkPrivileges({ client, tables }: HeldSnapshot): Promise<void> {
  const { rows } = await client.query<Unreadable>(unreadable, [tables.map(({ oid }) => oid)]);
  if (rows.length === 0) return;
  const named = rows.slice(0, 5).map(({ name, reason }) => `${name} (${reasonText[reason]})`);
  const more = rows.length > named.length ? `, and ${rows.length - named.length} more` : '';
  throw privilegeMissing(`the backup role cannot read everything: ${named.join(', ')}${more}`);
}

/** What only a superuser sees, and what a restore can do without: one line for a person each. */
export async function hiddenFromRole({ client }: Pick<HeldSnapshot, 'client'>): Promise<readonly string[]> {
  const { rows } = await client.query<{ servers: string | null }>(hiddenMappings);
  const servers = rows[0]?.servers ?? null;
  return servers === null
    ? []
    : [
        `passwords and other options of user mappings are left out, since only a superuser sees them: ${servers}`,
      ];
}

const hiddenMappings = `select pg_catalog.string_agg(distinct m.srvname::text, ', ') as servers
  from pg_catalog.pg_user_mappings m
 where m.umoptions is null
   and not (select r.rolsuper from pg_catalog.pg_roles r where r.rolname = current_user)`;

const reasonText: Readonly<Record<Unreadable['reason'], string>> = {
  privilege: 'no SELECT',
  'row-security': 'row security would hide rows',
  'large-objects': 'no SELECT on a large object',
};

// A superuser, and a role with BYPASSRLS, passes row_security_active as false.
const unreadable = `
select * from (
  select c.oid::pg_catalog.regclass::text as name, 'privilege' as reason
    from pg_catalog.pg_class c
   where c.oid = any($1::pg_catalog.oid[])
     and not pg_catalog.has_table_privilege(c.oid, 'select')
  union all
  select c.oid::pg_catalog.regclass::text, 'row-security'
    from pg_catalog.pg_class c
    join pg_catalog.pg_roles r on r.rolname = current_user
   where c.oid = any($1::pg_catalog.oid[]) and c.relrowsecurity
     and not (r.rolsuper or r.rolbypassrls)
     and not (pg_catalog.pg_has_role(c.relowner, 'usage') and not c.relforcerowsecurity)
  union all
  select 'sequence ' || c.oid::pg_catalog.regclass::text, 'privilege'
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   where c.relkind = 'S' and c.relpersistence <> 't' and n.nspname !~ '^pg_'
     -- CASE keeps the order: has_sequence_privilege is an error for what is no sequence
     and case when c.relkind = 'S' then not pg_catalog.has_sequence_privilege(c.oid, 'select') end
  union all
  select 'large object ' || l.oid::text, 'large-objects'
    from pg_catalog.pg_largeobject_metadata l
    join pg_catalog.pg_roles r on r.rolname = current_user
   where not r.rolsuper and not pg_catalog.pg_has_role(l.lomowner, 'usage')
     and not exists (
       select from pg_catalog.aclexplode(l.lomacl) a
        where a.privilege_type = 'SELECT' and (a.grantee = 0 or pg_catalog.pg_has_role(a.grantee, 'usage')))
) found order by reason, name`;
