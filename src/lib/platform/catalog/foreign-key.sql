select k.oid,
       k.conname::text as "name",
       k.conrelid as "relation",
       n.nspname::text as "schema",
       c.relname::text as "table",
       array(select a.attname::text
               from unnest(k.conkey) with ordinality u (number, position)
               join pg_attribute a on a.attrelid = k.conrelid and a.attnum = u.number
              order by u.position) as "columns",
       k.confrelid as "referencedRelation",
       fn.nspname::text as "referencedSchema",
       fc.relname::text as "referencedTable",
       array(select a.attname::text
               from unnest(k.confkey) with ordinality u (number, position)
               join pg_attribute a on a.attrelid = k.confrelid and a.attnum = u.number
              order by u.position) as "referencedColumns",
       rule.name[position(k.confdeltype in 'arcnd')] as "onDelete",
       rule.name[position(k.confupdtype in 'arcnd')] as "onUpdate",
       case when newer.confdelsetcols is null then null else
         array(select a.attname::text
                 from unnest(newer.confdelsetcols) with ordinality u (number, position)
                 join pg_attribute a on a.attrelid = k.conrelid and a.attnum = u.number
                order by u.position) end as "onDeleteColumns",
       case k.confmatchtype when 'f' then 'full' else 'simple' end as "match",
       k.condeferrable as "deferrable",
       k.condeferred as "initiallyDeferred",
       k.convalidated as "validated",
       newer.conenforced as "enforced"
  from (select array['no-action', 'restrict', 'cascade', 'set-null', 'set-default'] as name) rule
 -- a name that pg_constraint lacks in an older server is found one query further out, with its default
 cross join (select null::int2[] as confdelsetcols, true as conenforced) absent
 cross join pg_constraint k
 cross join lateral (select confdelsetcols, conenforced
                       from (select x.* from pg_constraint x where x.oid = k.oid) own) newer
  join pg_class c on c.oid = k.conrelid
  join pg_namespace n on n.oid = c.relnamespace
  join pg_class fc on fc.oid = k.confrelid
  join pg_namespace fn on fn.oid = fc.relnamespace
 where k.contype = 'f'
   -- the copies that the server keeps for each partition follow from their parent
   and k.conparentid = 0
   and (:schemas is null or n.nspname = any (:schemas) or fn.nspname = any (:schemas))
 order by n.nspname collate "C", c.relname collate "C", k.conname collate "C"
