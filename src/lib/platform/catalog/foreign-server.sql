select s.oid,
       s.srvname::text as "name",
       w.fdwname::text as "wrapper",
       pg_get_userbyid(s.srvowner)::text as "owner",
       s.srvacl::text[] as "acl"
  from pg_foreign_server s
  join pg_foreign_data_wrapper w on w.oid = s.srvfdw
 order by s.srvname collate "C"
