CREATE SCHEMA "Schema with ""quotes"", a.dot and a space";
CREATE SCHEMA "select";
CREATE SCHEMA "back\slash";
CREATE TABLE "select"."table" ("user" integer PRIMARY KEY, "order" text DEFAULT 'current_user', "from" integer REFERENCES "select"."table");
INSERT INTO "select"."table" VALUES (1, 'a', NULL), (2, 'b', 1);
CREATE TABLE "Schema with ""quotes"", a.dot and a space"."Table ""x"".y z" (
  "Column ""c""" integer PRIMARY KEY, "a.b" text, " leading and trailing " text, "tab	newline
end" text, "'single'" text, "back\slash" text, "$$" text, "%I" text, "-- comment" text, ";" text, "[]" text, "1st" text
);
INSERT INTO "Schema with ""quotes"", a.dot and a space"."Table ""x"".y z" VALUES (1), (2), (3);
COMMENT ON COLUMN "Schema with ""quotes"", a.dot and a space"."Table ""x"".y z"."tab	newline
end" IS 'a name of two lines';
CREATE INDEX "Index; ""i""" ON "Schema with ""quotes"", a.dot and a space"."Table ""x"".y z" ("a.b", lower("'single'"));
-- A newline in a name must not break out of the comments that pg_dump writes.
CREATE TABLE zoo."line
DROP TABLE zoo.many; --" (id integer);
INSERT INTO zoo."line
DROP TABLE zoo.many; --" VALUES (1);
CREATE TABLE "back\slash"."\." (a integer, "\N" text);
INSERT INTO "back\slash"."\." VALUES (1, '\N');
CREATE TABLE zoo.sixty_three_bytes_long_name_0123456789_0123456789_0123456789_123 (
  sixty_three_bytes_long_column_0123456789_0123456789_0123456789_ integer
);
INSERT INTO zoo.sixty_three_bytes_long_name_0123456789_0123456789_0123456789_123 VALUES (63);
CREATE TABLE zoo."MixedCase" ("Id" serial PRIMARY KEY, "VALUE" text);
INSERT INTO zoo."MixedCase" ("VALUE") VALUES ('x');
CREATE TABLE zoo.mixedcase (id integer);
INSERT INTO zoo.mixedcase VALUES (1);
CREATE TABLE annex.many (id integer PRIMARY KEY, note text);
INSERT INTO annex.many VALUES (1, 'the same name as in another schema');
CREATE FUNCTION zoo.begin() RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION zoo."end"("case" integer) RETURNS integer LANGUAGE sql BEGIN ATOMIC SELECT CASE WHEN $1 > 0 THEN 1 ELSE 2 END; END;
