select p.oid,
       n.nspname::text as "schema",
       p.proname::text as "name",
       pg_get_function_identity_arguments(p.oid) as "arguments",
       format_type(p.prorettype, null) as "returns",
       case p.prokind when 'p' then 'procedure' when 'a' then 'aggregate' when 'w' then 'window'
                      else 'function' end as "kind",
       l.lanname::text as "language",
       pg_get_userbyid(p.proowner)::text as "owner",
       p.proacl::text[] as "acl",
       p.prosecdef as "securityDefiner",
       p.proconfig as "settings",
       p.prosrc as "source",
       e.extname::text as "extension"
  from pg_proc p
  join pg_namespace n on n.oid = p.pronamespace
  join pg_language l on l.oid = p.prolang
  left join pg_depend d on d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'
                       and d.refclassid = 'pg_extension'::regclass
  left join pg_extension e on e.oid = d.refobjid
 where n.nspname not in ('pg_catalog', 'information_schema')
   and (p.prosecdef and (:schemas is null or n.nspname = any (:schemas))
        or p.oid in (select tgfoid from pg_trigger where not tgisinternal)
        or p.oid in (select evtfoid from pg_event_trigger))
 order by n.nspname collate "C", p.proname collate "C", p.oid
