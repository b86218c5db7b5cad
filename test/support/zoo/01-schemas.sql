CREATE SCHEMA zoo AUTHORIZATION zoo_owner;
COMMENT ON SCHEMA zoo IS 'one of each animal';
GRANT USAGE ON SCHEMA zoo TO zoo_reader, "zoo Writer";
GRANT USAGE, CREATE ON SCHEMA zoo TO "zoo ""quoted"" role" WITH GRANT OPTION;
CREATE SCHEMA annex;
-- The public schema is special to pg_dump: its owner and grants are written only where they differ.
COMMENT ON SCHEMA public IS 'not the standard comment';
GRANT CREATE ON SCHEMA public TO zoo_reader;
