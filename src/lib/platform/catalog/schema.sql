select n.oid,
       n.nspname::text as "name",
       pg_get_userbyid(n.nspowner)::text as "owner",
       n.nspacl::text[] as "acl",
       e.extname::text as "extension"
  from pg_namespace n
  left join pg_depend d on d.classid = 'pg_namespace'::regclass and d.objid = n.oid and d.deptype = 'e'
                       and d.refclassid = 'pg_extension'::regclass
  left join pg_extension e on e.oid = d.refobjid
 where n.nspname not in ('pg_catalog', 'information_schema')
   and n.nspname !~ '^pg_(toast|temp_|toast_temp_)'
   and (:schemas is null or n.nspname = any (:schemas))
 order by n.nspname collate "C"
