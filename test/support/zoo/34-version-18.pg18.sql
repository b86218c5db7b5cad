CREATE TABLE zoo.virtual (
  a integer CONSTRAINT named_not_null NOT NULL,
  b integer GENERATED ALWAYS AS (a * 2) VIRTUAL CONSTRAINT b_not_null NOT NULL,
  c integer GENERATED ALWAYS AS (a + 1),
  d integer GENERATED ALWAYS AS (a - 1) STORED,
  CONSTRAINT never_enforced CHECK (a > 100) NOT ENFORCED
);
INSERT INTO zoo.virtual (a) SELECT n FROM generate_series(1, 10) AS n;
CREATE TABLE zoo.only_virtual (b integer GENERATED ALWAYS AS (1 + 1) VIRTUAL);
INSERT INTO zoo.only_virtual DEFAULT VALUES;
CREATE TABLE zoo.null_not_valid (a integer, b integer);
INSERT INTO zoo.null_not_valid VALUES (NULL, NULL), (1, 1);
ALTER TABLE zoo.null_not_valid ADD CONSTRAINT a_some_day NOT NULL a NOT VALID;
ALTER TABLE zoo.null_not_valid ADD CONSTRAINT b_some_day CHECK (b > 0) NOT ENFORCED;
COMMENT ON CONSTRAINT a_some_day ON zoo.null_not_valid IS 'not yet';
CREATE TABLE zoo.temporal (id integer, valid daterange, PRIMARY KEY (id, valid WITHOUT OVERLAPS));
CREATE TABLE zoo.temporal_child (
  id integer, parent integer, valid daterange, UNIQUE (id, valid WITHOUT OVERLAPS),
  FOREIGN KEY (parent, PERIOD valid) REFERENCES zoo.temporal (id, PERIOD valid)
);
INSERT INTO zoo.temporal VALUES (1, '[2024-01-01,2025-01-01)'), (1, '[2025-01-01,)');
INSERT INTO zoo.temporal_child VALUES (1, 1, '[2024-06-01,2025-06-01)');
ALTER TABLE zoo.temporal_child ADD CONSTRAINT loose FOREIGN KEY (parent, PERIOD valid) REFERENCES zoo.temporal (id, PERIOD valid) NOT ENFORCED;
CREATE TABLE zoo.null_parent (a integer NOT NULL NO INHERIT, b integer CONSTRAINT parent_b NOT NULL);
CREATE TABLE zoo.null_child () INHERITS (zoo.null_parent);
INSERT INTO zoo.null_child VALUES (NULL, 1);
CREATE PUBLICATION zoo_generated FOR TABLE zoo.virtual WITH (publish_generated_columns = stored);
