CREATE EXTENSION postgres_fdw SCHEMA extension;
CREATE SERVER elsewhere TYPE 'a type' VERSION '1; 2' FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '192.0.2.1', dbname 'it''s', extensions 'hstore');
ALTER SERVER elsewhere OWNER TO zoo_owner;
GRANT USAGE ON FOREIGN SERVER elsewhere TO zoo_reader WITH GRANT OPTION;
CREATE USER MAPPING FOR zoo_reader SERVER elsewhere OPTIONS (user 'u', password 'not a secret');
CREATE USER MAPPING FOR PUBLIC SERVER elsewhere;
CREATE FOREIGN TABLE zoo.far_away (id integer OPTIONS (column_name 'ID "x"') NOT NULL, note text COLLATE "C", CHECK (id > 0))
  SERVER elsewhere OPTIONS (schema_name 's', table_name 't');
COMMENT ON FOREIGN TABLE zoo.far_away IS 'its rows are not ours to back up';
COMMENT ON SERVER elsewhere IS 'nobody answers at this address';
CREATE FOREIGN TABLE zoo.measures_far PARTITION OF zoo.without_partitions FOR VALUES FROM (0) TO (10) SERVER elsewhere;
CREATE FOREIGN DATA WRAPPER empty_wrapper OPTIONS (debug 'true');
GRANT USAGE ON FOREIGN DATA WRAPPER empty_wrapper TO zoo_reader;
CREATE ACCESS METHOD zoo_heap TYPE TABLE HANDLER heap_tableam_handler;
CREATE TABLE zoo.other_access_method (id integer) USING zoo_heap;
INSERT INTO zoo.other_access_method VALUES (1);
