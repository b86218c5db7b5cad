select r.oid,
       r.ev_class as "relation",
       r.rulename::text as "name",
       pg_get_ruledef(r.oid) as "definition",
       case r.ev_type when '1' then 'select' when '2' then 'update' when '3' then 'insert' else 'delete' end as "event",
       r.is_instead as "instead",
       case r.ev_enabled when 'D' then 'disabled' when 'R' then 'replica' when 'A' then 'always'
                         else 'origin' end as "enabled"
  from pg_rewrite r
  join pg_class c on c.oid = r.ev_class
  join pg_namespace n on n.oid = c.relnamespace
 where r.rulename <> '_RETURN'
   and n.nspname not in ('pg_catalog', 'information_schema')
   and c.relpersistence <> 't'
   and (:schemas is null or n.nspname = any (:schemas))
 order by r.ev_class, r.rulename collate "C"
