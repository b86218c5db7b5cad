CREATE TABLE zoo.measures (
  region text NOT NULL, at timestamptz NOT NULL, value numeric DEFAULT 0, note text,
  PRIMARY KEY (region, at)
) PARTITION BY LIST (region);
CREATE TABLE zoo.measures_north PARTITION OF zoo.measures FOR VALUES IN ('north', 'it''s "north"')
  PARTITION BY RANGE (at);
CREATE TABLE zoo.measures_north_2023 PARTITION OF zoo.measures_north FOR VALUES FROM (MINVALUE) TO ('2024-01-01 00:00+00');
CREATE TABLE zoo.measures_north_2024 PARTITION OF zoo.measures_north (value DEFAULT 24, CHECK (value < 1000000))
  FOR VALUES FROM ('2024-01-01 00:00+00') TO ('2025-01-01 00:00+00');
CREATE TABLE zoo.measures_north_rest PARTITION OF zoo.measures_north DEFAULT;
CREATE TABLE annex.measures_south PARTITION OF zoo.measures FOR VALUES IN ('south', NULL);
CREATE TABLE zoo.measures_other PARTITION OF zoo.measures DEFAULT;
-- Columns in another order, with holes where some were dropped.
CREATE TABLE zoo.measures_west (
  gone integer, note text, value numeric DEFAULT 7, gone_too text, at timestamptz NOT NULL, region text NOT NULL
);
ALTER TABLE zoo.measures_west DROP COLUMN gone, DROP COLUMN gone_too;
ALTER TABLE zoo.measures ATTACH PARTITION zoo.measures_west FOR VALUES IN ('west');
CREATE INDEX measures_value ON zoo.measures (value);
-- An index of the root alone, completed by hand, and one that never was.
CREATE INDEX measures_note ON ONLY zoo.measures (note);
CREATE INDEX measures_attached ON ONLY zoo.measures_north (value, note);
CREATE INDEX measures_attached_2023 ON zoo.measures_north_2023 (value, note);
ALTER INDEX zoo.measures_attached ATTACH PARTITION zoo.measures_attached_2023;
COMMENT ON TABLE zoo.measures_north_2024 IS 'one partition';
COMMENT ON INDEX zoo.measures_value IS 'in every partition';
ALTER TABLE annex.measures_south OWNER TO zoo_owner;
INSERT INTO zoo.measures
SELECT
  (ARRAY['north', 'it''s "north"', 'south', 'west', 'elsewhere'])[1 + n % 5],
  '2023-06-01 00:00+00'::timestamptz + n * interval '1 hour', n, CASE WHEN n % 2 = 0 THEN 'note ' || n END
FROM generate_series(1, 12000) AS n;

CREATE TABLE zoo.hashed (id bigint, tenant integer, payload jsonb, PRIMARY KEY (id, tenant)) PARTITION BY HASH (tenant);
CREATE TABLE zoo.hashed_0 PARTITION OF zoo.hashed FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE zoo.hashed_1 PARTITION OF zoo.hashed FOR VALUES WITH (MODULUS 4, REMAINDER 1);
CREATE TABLE zoo.hashed_3 PARTITION OF zoo.hashed FOR VALUES WITH (MODULUS 4, REMAINDER 3) WITH (fillfactor = 60);
INSERT INTO zoo.hashed SELECT n, n % 50, jsonb_build_object('n', n) FROM generate_series(1, 10000) AS n;

CREATE TABLE zoo.by_expression (a integer, b text COLLATE "C") PARTITION BY RANGE ((a / 10), lower(b) COLLATE "C" text_pattern_ops);
CREATE TABLE zoo.by_expression_1 PARTITION OF zoo.by_expression FOR VALUES FROM (0, MINVALUE) TO (5, 'm');
CREATE TABLE zoo.by_expression_2 PARTITION OF zoo.by_expression FOR VALUES FROM (5, 'm') TO (MAXVALUE, MAXVALUE);
INSERT INTO zoo.by_expression VALUES (1, 'A'), (70, 'z');
CREATE TABLE zoo.without_partitions (a integer) PARTITION BY RANGE (a);
-- A reference to a partitioned table, and from one.
CREATE TABLE zoo.refers_to_hashed (id bigint, tenant integer, FOREIGN KEY (id, tenant) REFERENCES zoo.hashed);
INSERT INTO zoo.refers_to_hashed VALUES (1, 1), (NULL, 1);
