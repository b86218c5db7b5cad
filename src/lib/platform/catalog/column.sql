with recursive base as (
  select t.oid as domain, t.typbasetype as type, t.typtypmod as modifier
    from pg_type t
   where t.typtype = 'd'
  union all
  select b.domain, t.typbasetype, t.typtypmod
    from base b
    join pg_type t on t.oid = b.type and t.typtype = 'd'
), ground as (
  select b.domain, b.type, b.modifier
    from base b
    join pg_type t on t.oid = b.type and t.typtype <> 'd'
)
select a.attrelid as "relation",
       a.attnum as "number",
       a.attname::text as "name",
       format_type(a.atttypid, a.atttypmod) as "type",
       case when g.type is null then format_type(a.atttypid, a.atttypmod)
            else format_type(g.type, g.modifier) end as "baseType",
       coalesce(g.type, a.atttypid) as "baseTypeOid",
       a.attnotnull as "notNull",
       pg_get_expr(d.adbin, d.adrelid) as "default",
       case a.attgenerated when 's' then 'stored' when 'v' then 'virtual' end as "generated",
       case a.attidentity when 'a' then 'always' when 'd' then 'by-default' end as "identity",
       case when a.attcollation <> t.typcollation
            then quote_ident(cn.nspname) || '.' || quote_ident(co.collname) end as "collation",
       a.attacl::text[] as "acl"
  from pg_attribute a
  join pg_class c on c.oid = a.attrelid
  join pg_namespace n on n.oid = c.relnamespace
  join pg_type t on t.oid = a.atttypid
  left join ground g on g.domain = a.atttypid
  left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
  left join pg_collation co on co.oid = a.attcollation
  left join pg_namespace cn on cn.oid = co.collnamespace
 where a.attnum > 0
   and not a.attisdropped
   and c.relkind in ('r', 'p', 'v', 'm', 'f')
   and c.relpersistence <> 't'
   and (n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp_|toast_temp_)'
        or c.oid in (select unnest(extconfig) from pg_extension))
   and (:schemas is null or n.nspname = any (:schemas))
 order by a.attrelid, a.attnum
