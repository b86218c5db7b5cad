-- Roles belong to the cluster: they may be there already, and another test may be making them at this moment.
DO $$
DECLARE
  name text;
BEGIN
  PERFORM pg_advisory_xact_lock(7233);
  FOREACH name IN ARRAY ARRAY['zoo_owner', 'zoo_reader', 'zoo Writer', 'zoo "quoted" role', 'zoo_group'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
      EXECUTE format('CREATE ROLE %I', name);
    END IF;
  END LOOP;
  GRANT zoo_group TO zoo_reader;
END $$;

CREATE SCHEMA zoo AUTHORIZATION zoo_owner;
COMMENT ON SCHEMA zoo IS 'one of each animal';
GRANT USAGE ON SCHEMA zoo TO zoo_reader, "zoo Writer";
GRANT USAGE, CREATE ON SCHEMA zoo TO "zoo ""quoted"" role" WITH GRANT OPTION;
CREATE SCHEMA annex;
-- The public schema is special to pg_dump: its owner and grants are written only where they differ.
COMMENT ON SCHEMA public IS 'not the standard comment';
GRANT CREATE ON SCHEMA public TO zoo_reader;
