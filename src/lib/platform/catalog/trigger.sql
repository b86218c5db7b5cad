select t.oid,
       t.tgrelid as "relation",
       t.tgname::text as "name",
       pg_get_triggerdef(t.oid) as "definition",
       case t.tgenabled when 'D' then 'disabled' when 'R' then 'replica' when 'A' then 'always'
                        else 'origin' end as "enabled",
       fn.nspname::text as "functionSchema",
       p.proname::text as "functionName",
       p.oid as "function",
       -- the bits of src/include/catalog/pg_trigger.h
       case when t.tgtype & 2 <> 0 then 'before' when t.tgtype & 64 <> 0 then 'instead-of' else 'after' end as "timing",
       case when t.tgtype & 1 <> 0 then 'row' else 'statement' end as "level",
       array_remove(array[case when t.tgtype & 4 <> 0 then 'insert' end, case when t.tgtype & 16 <> 0 then 'update' end,
                          case when t.tgtype & 8 <> 0 then 'delete' end,
                          case when t.tgtype & 32 <> 0 then 'truncate' end], null) as "events",
       array(select a.attname::text
               from unnest(t.tgattr::int2[]) u (number)
               join pg_attribute a on a.attrelid = t.tgrelid and a.attnum = u.number
              order by a.attnum) as "columns",
       coalesce((to_jsonb(t) ->> 'tgparentid')::oid, 0) <> 0 as "inherited"
  from pg_trigger t
  join pg_class c on c.oid = t.tgrelid
  join pg_namespace n on n.oid = c.relnamespace
  join pg_proc p on p.oid = t.tgfoid
  join pg_namespace fn on fn.oid = p.pronamespace
 where not t.tgisinternal
   and c.relpersistence <> 't'
   and (:schemas is null or n.nspname = any (:schemas))
 order by t.tgrelid, t.tgname collate "C"
