select i.inhrelid as "child",
       i.inhparent as "parent",
       c.relispartition as "partition"
  from pg_inherits i
  join pg_class c on c.oid = i.inhrelid
  join pg_namespace n on n.oid = c.relnamespace
 where c.relkind in ('r', 'p', 'f')
   and c.relpersistence <> 't'
   and (:schemas is null or n.nspname = any (:schemas))
 order by i.inhrelid, i.inhseqno
