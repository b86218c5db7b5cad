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
), comparison as (
  select c.opcintype as type, n.nspname::text as schema
    from pg_opclass c
    join pg_am m on m.oid = c.opcmethod and m.amname = 'btree'
    join pg_amop p on p.amopfamily = c.opcfamily and p.amoplefttype = c.opcintype and p.amoprighttype = c.opcintype
                  and p.amopstrategy = 5 and p.amoppurpose = 's'
    join pg_operator g on g.oid = p.amopopr
    join pg_namespace n on n.oid = g.oprnamespace and n.nspname <> 'pg_catalog'
   where c.opcdefault
)
select a.attrelid as "relation",
       a.attnum as "number",
       a.attname::text as "name",
       format_type(a.atttypid, a.atttypmod) as "type",
       case when g.type is null then format_type(a.atttypid, a.atttypmod)
            else format_type(g.type, g.modifier) end as "baseType",
       coalesce(g.type, a.atttypid) as "baseTypeOid",
       -- 18 marks a column whose NOT NULL is not validated yet, and may hold nulls, in the same way
       a.attnotnull and (a.attrelid, a.attnum) not in (
         select k.conrelid, k.conkey[1] from pg_constraint k where k.contype = 'n' and not k.convalidated
       ) as "notNull",
       case when d.adrelid <> all (:locked) then pg_get_expr(d.adbin, d.adrelid) end as "default",
       case a.attgenerated when 's' then 'stored' when 'v' then 'virtual' end as "generated",
       case a.attidentity when 'a' then 'always' when 'd' then 'by-default' end as "identity",
       case when a.attcollation <> t.typcollation
            then quote_ident(cn.nspname) || '.' || quote_ident(co.collname) end as "collation",
       o.schema as "operatorSchema",
       a.attacl::text[] as "acl"
  from pg_attribute a
  join pg_class c on c.oid = a.attrelid
  join pg_namespace n on n.oid = c.relnamespace
  join pg_type t on t.oid = a.atttypid
  left join ground g on g.domain = a.atttypid
  left join comparison o on o.type = coalesce(g.type, a.atttypid)
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
