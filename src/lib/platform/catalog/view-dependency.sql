select distinct r.ev_class as "view",
       d.refobjid as "relation"
  from pg_rewrite r
  join pg_class c on c.oid = r.ev_class
  join pg_namespace n on n.oid = c.relnamespace
  join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid
                  and d.refclassid = 'pg_class'::regclass and d.refobjid <> r.ev_class
  join pg_class s on s.oid = d.refobjid and s.relkind in ('r', 'p', 'v', 'm', 'f')
 where r.rulename = '_RETURN'
   and c.relkind in ('v', 'm')
   and n.nspname not in ('pg_catalog', 'information_schema')
   and c.relpersistence <> 't'
   and (:schemas is null or n.nspname = any (:schemas))
 order by 1, 2
