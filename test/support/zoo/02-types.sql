CREATE TYPE zoo.mood AS ENUM ('sad', 'it''s ok', 'happy; very', 'back\slash');
ALTER TYPE zoo.mood ADD VALUE 'between' BEFORE 'happy; very';
ALTER TYPE zoo.mood OWNER TO zoo_owner;
COMMENT ON TYPE zoo.mood IS 'a comment with ''quotes'', a \backslash and
a line that looks like a command: \.';
REVOKE USAGE ON TYPE zoo.mood FROM PUBLIC;
GRANT USAGE ON TYPE zoo.mood TO zoo_reader;
CREATE TYPE zoo.empty_enum AS ENUM ();

CREATE DOMAIN zoo.positive AS integer DEFAULT 1 NOT NULL CONSTRAINT is_positive CHECK (VALUE > 0);
CREATE DOMAIN zoo.address AS text COLLATE "C" CHECK (VALUE ~ '^[^@]+@[^@]+$') CHECK (length(VALUE) < 320);
COMMENT ON CONSTRAINT is_positive ON DOMAIN zoo.positive IS 'greater than zero';
CREATE DOMAIN zoo.positives AS zoo.positive[] CHECK (array_length(VALUE, 1) < 10);
CREATE DOMAIN zoo.legacy AS integer;
ALTER DOMAIN zoo.legacy ADD CONSTRAINT not_yet CHECK (VALUE > 100) NOT VALID;

CREATE TYPE zoo.point3 AS (x double precision, y double precision, "Z axis" double precision);
COMMENT ON COLUMN zoo.point3."Z axis" IS 'up';
CREATE TYPE zoo.nested AS (name text COLLATE "C", at zoo.point3, moods zoo.mood[], size zoo.positive);
CREATE TYPE zoo.nothing AS ();
CREATE TYPE zoo.time_range AS RANGE (subtype = time, multirange_type_name = zoo.time_ranges);
CREATE TYPE zoo.text_range AS RANGE (subtype = text, collation = "C");
CREATE TYPE zoo.forward_declared;

CREATE COLLATION zoo.posix (provider = libc, locale = 'C');
COMMENT ON COLLATION zoo.posix IS 'by byte';
CREATE COLLATION zoo.posix_copy FROM "C";
