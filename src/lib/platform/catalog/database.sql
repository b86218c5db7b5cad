select d.oid,
       d.datname::text as "name",
       pg_get_userbyid(d.datdba)::text as "owner",
       pg_encoding_to_char(d.encoding)::text as "encoding",
       d.datcollate::text as "collate",
       d.datctype::text as "ctype",
       -- datlocprovider came with 15; the ICU locale was daticulocale in 15 and 16 and is datlocale since 17
       case coalesce(to_jsonb(d) ->> 'datlocprovider', 'c')
            when 'i' then 'icu' when 'b' then 'builtin' else 'libc' end as "localeProvider",
       coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale') as "locale",
       to_jsonb(d) ->> 'daticurules' as "icuRules",
       to_jsonb(d) ->> 'datcollversion' as "collationVersion",
       d.datconnlimit as "connectionLimit",
       d.datacl::text[] as "acl"
  from pg_database d
 where d.datname = current_database()
