select c.oid,
       i.indrelid as "relation",
       c.relname::text as "name",
       case when i.indrelid <> all (:locked) then pg_get_indexdef(i.indexrelid) else '' end as "definition",
       m.amname::text as "accessMethod",
       -- attribute numbers, keys before INCLUDE columns; 0 is an expression
       i.indkey::text as "attributes",
       i.indnkeyatts as "keys",
       i.indisunique as "unique",
       i.indisprimary as "primary",
       i.indisvalid and i.indisready and i.indislive as "valid",
       i.indimmediate as "immediate",
       i.indexprs is not null as "expression",
       -- an index on some rows is one, whatever its predicate says
       case when i.indrelid <> all (:locked) then pg_get_expr(i.indpred, i.indrelid)
            when i.indpred is not null then '' end as "predicate",
       k.conname::text as "constraint",
       -- pg_relation_size would open each index, which doubles the time that the whole catalog takes
       c.relpages::float8 * current_setting('block_size')::int as "estimatedBytes"
  from pg_index i
  join pg_class c on c.oid = i.indexrelid
  join pg_class r on r.oid = i.indrelid
  join pg_namespace n on n.oid = c.relnamespace
  join pg_am m on m.oid = c.relam
  left join pg_constraint k on k.conindid = i.indexrelid and k.conrelid = i.indrelid and k.contype in ('p', 'u', 'x')
 where n.nspname not in ('pg_catalog', 'information_schema')
   and n.nspname !~ '^pg_(toast|temp_|toast_temp_)'
   and r.relkind in ('r', 'p', 'm')
   and (:schemas is null or n.nspname = any (:schemas))
 order by i.indrelid, c.relname collate "C"
