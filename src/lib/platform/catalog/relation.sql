select c.oid,
       n.nspname::text as "schema",
       c.relname::text as "name",
       case c.relkind when 'r' then 'table' when 'p' then 'partitioned-table' when 'v' then 'view'
                      when 'm' then 'materialised-view' when 'f' then 'foreign-table'
                      when 'S' then 'sequence' end as "kind",
       pg_get_userbyid(c.relowner)::text as "owner",
       case c.relpersistence when 'u' then 'unlogged' else 'permanent' end as "persistence",
       c.relacl::text[] as "acl",
       c.reloptions as "options",
       c.relrowsecurity as "rowSecurity",
       c.relforcerowsecurity as "forceRowSecurity",
       c.relispopulated as "populated",
       i.inhparent as "partitionOf",
       -- what opens a table waits for who has locked it (:locked)
       case when c.oid <> all (:locked) then pg_get_expr(c.relpartbound, c.oid) end as "partitionBound",
       case when c.relkind = 'p' then pg_get_partkeydef(c.oid) end as "partitionKey",
       case when c.relkind in ('r', 'm') and c.oid <> all (:locked) then pg_relation_size(c.oid) else 0 end::float8 as "bytes",
       case when c.reltoastrelid <> 0 and c.oid <> all (:locked) then pg_relation_size(c.reltoastrelid) else 0 end::float8 as "toastBytes",
       -- 14 and later write -1 before the first ANALYZE; earlier ones leave both at 0
       case when c.reltuples < 0 or (c.reltuples = 0 and c.relpages = 0) or c.relkind not in ('r', 'm', 'p', 'f')
            then null else c.reltuples::float8 end as "estimatedRows",
       case c.relreplident when 'n' then 'nothing' when 'f' then 'full' when 'i' then 'index'
                           else 'default' end as "replicaIdentity",
       e.extname::text as "extension",
       t.spcname::text as "tablespace",
       a.amname::text as "accessMethod"
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  left join pg_inherits i on i.inhrelid = c.oid and c.relispartition
  left join pg_depend d on d.classid = 'pg_class'::regclass and d.objid = c.oid and d.objsubid = 0
                       and d.deptype = 'e' and d.refclassid = 'pg_extension'::regclass
  left join pg_extension e on e.oid = d.refobjid
  left join pg_tablespace t on t.oid = c.reltablespace
  left join pg_am a on a.oid = c.relam
 where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
   and c.relpersistence <> 't'
   -- an extension may keep its configuration tables among the system's (Citus does)
   and (n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp_|toast_temp_)'
        or c.oid in (select unnest(extconfig) from pg_extension))
   and (:schemas is null or n.nspname = any (:schemas))
 order by n.nspname collate "C", c.relname collate "C"
