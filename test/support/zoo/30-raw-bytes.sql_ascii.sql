-- In this encoding a string is any bytes but zero; none of these are UTF-8.
CREATE FUNCTION zoo.raw(bytes bytea) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT convert_from(bytes, 'SQL_ASCII') $$;
CREATE TABLE zoo.raw_bytes (id integer PRIMARY KEY, value text);
INSERT INTO zoo.raw_bytes
SELECT n, zoo.raw(decode(lpad(to_hex(n), 2, '0') || '41' || lpad(to_hex(n), 2, '0'), 'hex')) FROM generate_series(1, 255) AS n;
INSERT INTO zoo.raw_bytes VALUES
  (1001, zoo.raw('\xc3')), (1002, zoo.raw('\xc328')), (1003, zoo.raw('\xeda080')), (1004, zoo.raw('\xf8888080808080')),
  (1005, zoo.raw('\xc080')), (1006, zoo.raw('\x815c')), (1007, zoo.raw('\xe282')), (1008, zoo.raw('\xc3a9')),
  (1009, zoo.raw(decode(repeat('e9', 100000), 'hex')));
-- Defaults, checks, comments, enum labels and function bodies in Latin-1 and in UTF-8, side by side.
DO $$
BEGIN
  EXECUTE format('CREATE TABLE zoo.raw_default (value text DEFAULT %L CHECK (value <> %L))', zoo.raw('\xe95c275c'), zoo.raw('\x80'));
  EXECUTE format('INSERT INTO zoo.raw_default DEFAULT VALUES');
  EXECUTE format('COMMENT ON TABLE zoo.raw_default IS %L', zoo.raw('\xe90ae9'));
  EXECUTE format('CREATE TYPE zoo.latin AS ENUM (%L, %L)', zoo.raw('\xe9'), zoo.raw('\xc3a9'));
  EXECUTE format('CREATE FUNCTION zoo.latin() RETURNS text LANGUAGE sql AS %L', zoo.raw('\x2d2d20e90a53454c45435420277827'));
END $$;
CREATE TABLE zoo.raw_enum AS SELECT unnest(enum_range(NULL::zoo.latin)) AS label;
