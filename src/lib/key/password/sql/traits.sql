-- $1: names of roles. Everything by which one of them could do what the other cannot: a line each.
with r as (select * from pg_roles where rolname = any($1)),
named(what, acl) as (
  select 'table ' || oid::regclass, relacl from pg_class where relacl is not null
  union all
  select 'column ' || attrelid::regclass || '.' || quote_ident(attname), attacl from pg_attribute where attacl is not null
  union all
  select 'schema ' || quote_ident(nspname), nspacl from pg_namespace where nspacl is not null
  union all
  select 'function ' || oid::regprocedure, proacl from pg_proc where proacl is not null
  union all
  select 'type ' || oid::regtype, typacl from pg_type where typacl is not null
  union all
  select 'database ' || quote_ident(datname), datacl from pg_database where datacl is not null
  union all
  select 'tablespace ' || quote_ident(spcname), spcacl from pg_tablespace where spcacl is not null
  union all
  select 'foreign server ' || quote_ident(srvname), srvacl from pg_foreign_server where srvacl is not null
  union all
  select 'large object ' || oid, lomacl from pg_largeobject_metadata where lomacl is not null
  union all
  select 'what ' || defaclrole::regrole || ' makes (' || defaclobjtype::text || ')', defaclacl from pg_default_acl
)
select r.rolname as name, t.trait
from r, lateral (
  select 'attribute ' || key || ' = ' || value as trait
  from json_each_text(json_build_object('inherit', r.rolinherit, 'createdb', r.rolcreatedb,
    'createrole', r.rolcreaterole, 'bypassrls', r.rolbypassrls, 'replication', r.rolreplication,
    'connection limit', r.rolconnlimit))
  union all
  -- As JSON, because the options of a membership differ between versions.
  select 'member of ' || m.roleid::regrole || ' '
         || (to_jsonb(m) - 'oid' - 'roleid' - 'member' - 'grantor')::text
  from pg_auth_members m where m.member = r.oid
  union all
  select 'setting ' || setting || coalesce(' in database ' || quote_ident(d.datname), '')
  from pg_db_role_setting s left join pg_database d on d.oid = s.setdatabase, unnest(s.setconfig) setting
  where s.setrole = r.oid
  union all
  select privilege_type || ' on ' || what from named, aclexplode(acl) where grantee = r.oid
  union all
  select 'default privileges on what it makes (' || defaclobjtype::text || ')' from pg_default_acl where defaclrole = r.oid
  union all
  select 'user mapping on foreign server ' || quote_ident(srvname) from pg_user_mappings where umuser = r.oid
  union all
  select 'policy ' || quote_ident(polname) || ' on ' || polrelid::regclass from pg_policy where r.oid = any(polroles)
  union all
  select count(*) || ' privileges in database ' || quote_ident(d.datname)
  from pg_shdepend s join pg_database d on d.oid = s.dbid
  where s.refclassid = 'pg_authid'::regclass and s.refobjid = r.oid and s.deptype in ('a', 'r')
    and d.datname <> current_database()
  group by d.datname
) t
order by 1, 2
