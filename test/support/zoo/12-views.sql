CREATE VIEW zoo.plain AS SELECT m.id, m.address AS "The Address", m.sent::date AS day FROM zoo.many AS m WHERE m.body LIKE '%\%%';
CREATE VIEW zoo.barrier WITH (security_barrier = true, security_invoker = true) AS
  SELECT * FROM zoo.watched WHERE a IN ('a', 'b') WITH CASCADED CHECK OPTION;
CREATE RECURSIVE VIEW zoo.descent (id, depth) AS
  SELECT id, 0 FROM zoo.tree WHERE parent IS NULL UNION ALL SELECT t.id, d.depth + 1 FROM zoo.tree AS t JOIN descent AS d ON t.parent = d.id;
CREATE VIEW zoo.joined AS
  SELECT * FROM zoo.hen FULL JOIN zoo.egg USING (id) NATURAL LEFT JOIN (VALUES (1, 'one')) AS v (id, "word") ORDER BY id DESC NULLS LAST LIMIT 5;
CREATE VIEW zoo.windowed AS
  SELECT id, rank() OVER w AS "rank", count(*) FILTER (WHERE a > 'a') OVER (PARTITION BY a ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW EXCLUDE TIES),
    GROUPING(a) FROM zoo.watched GROUP BY GROUPING SETS ((id, a), (a), ()) WINDOW w AS (ORDER BY id);
ALTER VIEW zoo.plain ALTER COLUMN day SET DEFAULT '2024-01-01';
ALTER VIEW zoo.plain OWNER TO zoo_owner;
GRANT SELECT ON zoo.many TO zoo_owner;
COMMENT ON VIEW zoo.barrier IS 'nobody looks behind';
COMMENT ON COLUMN zoo.plain."The Address" IS 'of a view';
CREATE TRIGGER instead INSTEAD OF INSERT ON zoo.plain FOR EACH ROW EXECUTE FUNCTION zoo.note();
-- Two views that need each other: pg_dump writes one of them in two steps.
CREATE VIEW zoo.chicken AS SELECT 1 AS n;
CREATE VIEW zoo.hatched AS SELECT n FROM zoo.chicken;
CREATE OR REPLACE VIEW zoo.chicken AS SELECT max(id) AS n FROM zoo.hen;
-- Grouped by its primary key alone, so the view needs the key that comes after the rows.
CREATE VIEW zoo.grouped AS SELECT id, a, b, count(*) FROM zoo.watched GROUP BY id;

CREATE RULE redirect AS ON INSERT TO zoo.hatched DO INSTEAD (INSERT INTO zoo.log (what) VALUES ('a; b'); SELECT 1);
CREATE RULE quiet AS ON UPDATE TO zoo.log WHERE OLD.what = 'x' DO INSTEAD NOTHING;
CREATE RULE also AS ON DELETE TO zoo.log DO ALSO NOTIFY zoo;
ALTER TABLE zoo.log DISABLE RULE quiet;
COMMENT ON RULE also ON zoo.log IS 'tells';

CREATE MATERIALIZED VIEW zoo.summary AS SELECT id % 10 AS bucket, count(*) AS n FROM zoo.many GROUP BY 1;
CREATE UNIQUE INDEX summary_bucket ON zoo.summary (bucket);
CREATE MATERIALIZED VIEW zoo.of_summary WITH (fillfactor = 80) AS SELECT sum(n) AS total FROM zoo.summary;
CREATE MATERIALIZED VIEW zoo.unpopulated AS SELECT * FROM zoo.summary WITH NO DATA;
CREATE INDEX unpopulated_bucket ON zoo.unpopulated (bucket);
COMMENT ON MATERIALIZED VIEW zoo.unpopulated IS 'reading it is an error';
ALTER MATERIALIZED VIEW zoo.summary OWNER TO zoo_owner;
