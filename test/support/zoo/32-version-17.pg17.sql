-- No exclusion constraint on a partitioned table, although 17 allows it: PostgreSQL refuses what pg_dump writes of it
-- ("cannot attach index … as a partition of index …").
CREATE TABLE zoo.identity_partitioned (id bigint GENERATED ALWAYS AS IDENTITY, k integer) PARTITION BY LIST (k);
CREATE TABLE zoo.identity_partition PARTITION OF zoo.identity_partitioned FOR VALUES IN (1, 2);
INSERT INTO zoo.identity_partitioned (k) VALUES (1), (2);
CREATE FUNCTION zoo.on_login() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN NULL; END $$;
CREATE EVENT TRIGGER zoo_login ON login EXECUTE FUNCTION zoo.on_login();
ALTER EVENT TRIGGER zoo_login DISABLE;
CREATE VIEW zoo.json_tables AS
  SELECT * FROM JSON_TABLE('[{"a": 1}]'::jsonb, '$[*]' COLUMNS (id FOR ORDINALITY, a integer PATH '$.a' DEFAULT 5 ON EMPTY));
CREATE FUNCTION zoo.merged() RETURNS SETOF integer LANGUAGE sql BEGIN ATOMIC
  MERGE INTO zoo.no_rows AS t USING (VALUES (1)) AS s (id) ON t.id = s.id
    WHEN NOT MATCHED BY SOURCE THEN DELETE WHEN MATCHED THEN UPDATE SET note = 'x' RETURNING t.id;
END;
GRANT MAINTAIN ON zoo.many TO zoo_reader;
ALTER TABLE zoo.identity_partitioned SET ACCESS METHOD heap;
CREATE TABLE zoo.infinite_interval (i interval);
INSERT INTO zoo.infinite_interval VALUES ('infinity'), ('-infinity');
