select current_setting('server_version') as "version",
       current_setting('server_version_num')::int as "versionNumber",
       current_setting('block_size')::int as "blockSize",
       pg_is_in_recovery() as "standby",
       -- managed services take the right to run pg_control_system away
       case when has_function_privilege('pg_control_system()', 'execute')
            then (select system_identifier::text from pg_control_system()) end as "systemIdentifier"
