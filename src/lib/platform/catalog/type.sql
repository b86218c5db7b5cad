select t.oid,
       n.nspname::text as "schema",
       t.typname::text as "name",
       case t.typtype when 'e' then 'enum' when 'd' then 'domain' when 'c' then 'composite' when 'r' then 'range' end as "kind",
       pg_get_userbyid(t.typowner)::text as "owner",
       t.typacl::text[] as "acl",
       case when t.typtype = 'e' then
         array(select v.enumlabel::text from pg_enum v where v.enumtypid = t.oid order by v.enumsortorder) end as "labels",
       case when t.typtype = 'd' then format_type(t.typbasetype, t.typtypmod) end as "baseType",
       t.typnotnull as "notNull",
       t.typdefault as "default",
       case when t.typtype = 'd' then
         array(select pg_get_constraintdef(k.oid) from pg_constraint k
                where k.contypid = t.oid and k.contype = 'c' order by k.conname collate "C") end as "checks",
       case when t.typtype = 'c' then
         (select coalesce(json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod))
                                   order by a.attnum), '[]')
            from pg_attribute a
           where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped) end as "attributes",
       case when t.typtype = 'r' then
         (select format_type(r.rngsubtype, null) from pg_range r where r.rngtypid = t.oid) end as "subtype",
       e.extname::text as "extension"
  from pg_type t
  join pg_namespace n on n.oid = t.typnamespace
  left join pg_class c on c.oid = t.typrelid
  left join pg_depend d on d.classid = 'pg_type'::regclass and d.objid = t.oid and d.deptype = 'e'
                       and d.refclassid = 'pg_extension'::regclass
  left join pg_extension e on e.oid = d.refobjid
 where t.typtype in ('e', 'd', 'c', 'r')
   and (t.typtype <> 'c' or c.relkind = 'c')
   and n.nspname not in ('pg_catalog', 'information_schema')
   and n.nspname !~ '^pg_(toast|temp_|toast_temp_)'
   and (:schemas is null or n.nspname = any (:schemas))
 order by n.nspname collate "C", t.typname collate "C"
