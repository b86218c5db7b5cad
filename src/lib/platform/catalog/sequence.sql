select c.oid,
       n.nspname::text as "schema",
       c.relname::text as "name",
       format_type(s.seqtypid, null) as "type",
       s.seqstart::text as "start",
       s.seqincrement::text as "increment",
       s.seqmin::text as "minimum",
       s.seqmax::text as "maximum",
       s.seqcache::text as "cache",
       s.seqcycle as "cycle",
       case d.deptype when 'i' then 'identity' when 'a' then 'serial' end as "ownership",
       tn.nspname::text as "ownerSchema",
       t.relname::text as "ownerTable",
       a.attname::text as "ownerColumn",
       -- pg_sequence_last_value cannot tell a fresh sequence from one that was set back, so the row itself is read;
       -- query_to_xml is how SQL reads a relation that it learns of while it runs
       (regexp_match(state.row, '<last_value>(-?\d+)</last_value>'))[1] as "lastValue",
       (regexp_match(state.row, '<is_called>(true|false)</is_called>'))[1]::boolean as "called",
       e.extname::text as "extension"
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  join pg_sequence s on s.seqrelid = c.oid
  left join pg_depend d on d.classid = 'pg_class'::regclass and d.objid = c.oid and d.objsubid = 0
                       and d.refclassid = 'pg_class'::regclass and d.refobjsubid > 0 and d.deptype in ('a', 'i')
  left join pg_class t on t.oid = d.refobjid
  left join pg_namespace tn on tn.oid = t.relnamespace
  left join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
  left join pg_depend x on x.classid = 'pg_class'::regclass and x.objid = c.oid and x.deptype = 'e'
                       and x.refclassid = 'pg_extension'::regclass
  left join pg_extension e on e.oid = x.refobjid
 cross join lateral (
   select case when has_schema_privilege(n.oid, 'usage') and has_sequence_privilege(c.oid, 'select')
                -- an unlogged one is empty on a standby
                and not (c.relpersistence = 'u' and pg_is_in_recovery())
               then query_to_xml(format('select last_value, is_called from %I.%I', n.nspname, c.relname),
                                 false, true, '')::text end as row) state
 where c.relkind = 'S'
   and c.relpersistence <> 't'
   and (n.nspname not in ('pg_catalog', 'information_schema')
        or c.oid in (select unnest(extconfig) from pg_extension))
   and (:schemas is null or n.nspname = any (:schemas))
 order by n.nspname collate "C", c.relname collate "C"
