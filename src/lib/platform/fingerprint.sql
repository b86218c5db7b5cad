-- A query that names pg_control_system is refused to a role that may not run it, even where it would not be called: so
-- the name comes in a text, which only runs when it may.
select case when pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'execute')
            then (pg_catalog.regexp_match(
                   pg_catalog.query_to_xml('select system_identifier from pg_catalog.pg_control_system()',
                                           false, true, '')::text, '>(\d+)<'))[1] end as "systemIdentifier",
       d.datname::text as "database",
       d.oid::int8::text as "databaseOid",
       pg_catalog.current_setting('server_version') as "serverVersion"
  from pg_catalog.pg_database d
 where d.datname = pg_catalog.current_database()
