select current_setting('server_version') as "version",
       current_setting('server_version_num')::int as "versionNumber",
       current_setting('block_size')::int as "blockSize",
       pg_is_in_recovery() as "standby",
       -- Managed services take the right to run pg_control_system away, and a query that names a function is refused
       -- even where it would not call it: so the name comes in a text, which only runs when it may.
       case when has_function_privilege('pg_control_system()', 'execute')
            then (regexp_match(query_to_xml('select system_identifier from pg_control_system()', false, true, '')::text,
                               '>(\d+)<'))[1] end as "systemIdentifier"
