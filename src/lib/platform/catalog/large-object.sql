select pg_get_userbyid(m.lomowner)::text as "owner",
       count(*)::float8 as "count"
  from pg_largeobject_metadata m
 group by m.lomowner
 order by 1
