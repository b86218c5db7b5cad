select case when s.setrole <> 0 then pg_get_userbyid(s.setrole)::text end as "role",
       s.setdatabase <> 0 as "thisDatabase",
       s.setconfig as "settings"
  from pg_db_role_setting s
 where s.setdatabase in (0, (select oid from pg_database where datname = current_database()))
 order by s.setdatabase, 1 nulls first
