select k.oid,
       k.conrelid as "relation",
       k.conname::text as "name",
       case k.contype when 'p' then 'primary-key' when 'u' then 'unique' when 'x' then 'exclusion'
                      when 'c' then 'check' end as "kind",
       k.conkey::int2[] as "attributes",
       case when k.conrelid <> all (:locked) then pg_get_constraintdef(k.oid) else '' end as "definition",
       k.condeferrable as "deferrable",
       k.condeferred as "initiallyDeferred",
       k.convalidated as "validated",
       nullif(k.conindid, 0) as "index"
  from pg_constraint k
  join pg_namespace n on n.oid = k.connamespace
 where k.conrelid <> 0
   and k.contype in ('p', 'u', 'x', 'c')
   and n.nspname not in ('pg_catalog', 'information_schema')
   and (:schemas is null or n.nspname = any (:schemas))
 order by k.conrelid, k.conname collate "C"
