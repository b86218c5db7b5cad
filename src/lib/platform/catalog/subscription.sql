-- only the columns that every role may read
select s.subname::text as "name",
       pg_get_userbyid(s.subowner)::text as "owner",
       s.subenabled as "enabled",
       s.subpublications as "publications"
  from pg_subscription s
 where s.subdbid = (select oid from pg_database where datname = current_database())
 order by s.subname collate "C"
