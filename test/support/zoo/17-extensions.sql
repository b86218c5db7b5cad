CREATE SCHEMA extension;
CREATE EXTENSION hstore SCHEMA extension;
CREATE EXTENSION citext SCHEMA public;
CREATE EXTENSION btree_gist SCHEMA extension;
CREATE EXTENSION pg_trgm SCHEMA extension VERSION '1.5';
COMMENT ON EXTENSION hstore IS 'another comment than its own';
CREATE TABLE zoo.extended (id public.citext PRIMARY KEY, labels extension.hstore, room integer, during tstzrange,
  EXCLUDE USING gist (room WITH =, during WITH &&));
INSERT INTO zoo.extended VALUES ('Mixed@Example.org', 'a=>1, "b c"=>NULL', 1, '[2024-01-01,2024-02-01)');
CREATE INDEX extended_trigrams ON zoo.extended USING gin ((id::text) extension.gin_trgm_ops);
-- An object joins an extension; a grant on a member has to be kept apart from the extension's own.
CREATE FUNCTION zoo.joins_extension() RETURNS integer LANGUAGE sql AS 'SELECT 1';
ALTER EXTENSION hstore ADD FUNCTION zoo.joins_extension();
ALTER EXTENSION hstore DROP FUNCTION zoo.joins_extension();
REVOKE EXECUTE ON FUNCTION extension.hstore_in(cstring) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION extension.hstore_in(cstring) TO zoo_reader, "zoo Writer";
