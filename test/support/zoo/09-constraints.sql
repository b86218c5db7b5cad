CREATE TABLE zoo.hen (id integer PRIMARY KEY, egg integer NOT NULL, name varchar(20) UNIQUE NULLS NOT DISTINCT);
CREATE TABLE zoo.egg (id integer PRIMARY KEY, hen integer NOT NULL);
ALTER TABLE zoo.hen ADD CONSTRAINT hen_egg FOREIGN KEY (egg) REFERENCES zoo.egg ON DELETE CASCADE ON UPDATE RESTRICT
  DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE zoo.egg ADD CONSTRAINT egg_hen FOREIGN KEY (hen) REFERENCES zoo.hen DEFERRABLE;
BEGIN;
INSERT INTO zoo.hen VALUES (1, 10, 'Berta'), (2, 20, NULL);
INSERT INTO zoo.egg VALUES (10, 1), (20, 2);
COMMIT;
CREATE TABLE zoo.tree (
  id integer PRIMARY KEY, parent integer REFERENCES zoo.tree ON DELETE SET NULL, tenant integer, twin integer,
  UNIQUE (tenant, id) DEFERRABLE INITIALLY DEFERRED, UNIQUE (id, tenant),
  FOREIGN KEY (tenant, twin) REFERENCES zoo.tree (tenant, id) MATCH FULL NOT VALID
);
ALTER TABLE zoo.tree DROP CONSTRAINT tree_tenant_twin_fkey;
ALTER TABLE zoo.tree ADD FOREIGN KEY (id, tenant) REFERENCES zoo.tree (id, tenant) ON DELETE SET NULL (tenant);
INSERT INTO zoo.tree VALUES (1, NULL, 1), (2, 1, 1), (3, 2, 1);
INSERT INTO zoo.tree VALUES (5, 6, 2), (6, 5, 2);

CREATE TABLE zoo.not_valid (id integer, status varchar(10), code char(3), parent integer);
INSERT INTO zoo.not_valid VALUES (-1, 'odd', 'xyz', 999), (1, 'new', 'abc', NULL);
ALTER TABLE zoo.not_valid ADD CONSTRAINT broken_check CHECK (id > 0) NOT VALID;
ALTER TABLE zoo.not_valid ADD CONSTRAINT broken_reference FOREIGN KEY (parent) REFERENCES zoo.tree NOT VALID;
COMMENT ON CONSTRAINT broken_check ON zoo.not_valid IS 'old rows break it';
-- PostgreSQL prints such a list in another way once it has been restored.
CREATE TABLE zoo.listed (
  status varchar(10) CHECK (status IN ('new', 'it''s, ok', 'old')),
  code char(3) CHECK (code IN ('abc', 'xyz')),
  size text CHECK (size = ANY ('{s,m,l}'::text[])),
  level varchar CHECK (level NOT IN ('a', 'b')),
  CHECK (status LIKE 'n%' OR code ~ '^x' OR (size IS NULL) IS NOT TRUE)
);
INSERT INTO zoo.listed VALUES ('new', 'abc', 's', 'c');
CREATE INDEX listed_open ON zoo.listed (code) WHERE status IN ('new', 'old');

CREATE TABLE zoo.booked (room integer, during tsrange, EXCLUDE USING gist (during WITH &&) WHERE (room = 1) DEFERRABLE);
INSERT INTO zoo.booked VALUES (1, '[2024-01-01,2024-01-02)'), (2, '[2024-01-01,2024-01-02)');
CREATE TABLE zoo.indexed (a integer, b text, c jsonb, d point, UNIQUE (a) INCLUDE (b));
INSERT INTO zoo.indexed SELECT n, 'b' || n, jsonb_build_object('k', n), point(n, n) FROM generate_series(1, 500) AS n;
CREATE INDEX indexed_expression ON zoo.indexed (lower(b) COLLATE "C" text_pattern_ops DESC NULLS LAST, (a + 1)) WHERE a > 10;
CREATE INDEX indexed_gin ON zoo.indexed USING gin (c jsonb_path_ops) WITH (fastupdate = off);
CREATE INDEX indexed_gist ON zoo.indexed USING gist (d);
CREATE INDEX indexed_spgist ON zoo.indexed USING spgist (d);
CREATE INDEX indexed_brin ON zoo.indexed USING brin (a int4_minmax_multi_ops (values_per_range = 16)) WITH (pages_per_range = 4);
CREATE INDEX indexed_hash ON zoo.indexed USING hash (b);
ALTER INDEX zoo.indexed_expression ALTER COLUMN 2 SET STATISTICS 99;
ALTER TABLE zoo.indexed CLUSTER ON indexed_a_b_key;
CREATE STATISTICS zoo.stats (ndistinct, dependencies, mcv) ON a, b FROM zoo.indexed;
CREATE STATISTICS zoo.expression_stats ON (a % 10), lower(b) FROM zoo.indexed;
ALTER STATISTICS zoo.stats SET STATISTICS 77;
COMMENT ON STATISTICS zoo.stats IS 'they go together';
ANALYZE zoo.indexed;
