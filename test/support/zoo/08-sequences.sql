CREATE SEQUENCE zoo.never_called START WITH 42;
CREATE SEQUENCE zoo.downwards AS smallint INCREMENT BY -3 MINVALUE -100 MAXVALUE 100 START WITH 50 CYCLE CACHE 5;
CREATE SEQUENCE zoo.at_its_end AS integer MAXVALUE 3;
CREATE SEQUENCE zoo.set_not_called;
CREATE SEQUENCE zoo."Odd ""name""" INCREMENT BY 13 START WITH 9223372036854775000;
CREATE UNLOGGED SEQUENCE zoo.unlogged_sequence;
SELECT nextval('zoo.downwards'), nextval('zoo.downwards'), nextval('zoo."Odd ""name"""');
SELECT nextval('zoo.at_its_end'), nextval('zoo.at_its_end'), nextval('zoo.at_its_end');
SELECT setval('zoo.set_not_called', 77, false), nextval('zoo.unlogged_sequence');
COMMENT ON SEQUENCE zoo.never_called IS 'the answer';
ALTER SEQUENCE zoo.downwards OWNER TO zoo_owner;
GRANT USAGE, SELECT ON SEQUENCE zoo.downwards TO zoo_reader;
-- A sequence of another schema as a default, one that a column owns without using it, a serial whose default is gone.
CREATE SEQUENCE annex.shared;
CREATE TABLE zoo.sequenced (
  id bigint DEFAULT nextval('annex.shared') PRIMARY KEY,
  small smallserial, owned integer, broken serial
);
CREATE SEQUENCE zoo.owned_sequence OWNED BY zoo.sequenced.owned;
ALTER TABLE zoo.sequenced ALTER broken DROP DEFAULT;
INSERT INTO zoo.sequenced (owned, broken) SELECT n, n FROM generate_series(1, 10) AS n;
