CREATE SCHEMA "Bücher 📚";
CREATE TABLE "Bücher 📚"."Größe ß ﬁ İ" ("naïve é" text COLLATE zoo.posix PRIMARY KEY, "日本語" text DEFAULT '既定値', "עברית" text, U&"e\0301" text, U&"\00E9" text);
COMMENT ON TABLE "Bücher 📚"."Größe ß ﬁ İ" IS U&'emoji 👩\200D👩\200D👧, zero width \200B, right to left \202E and a byte order mark \FEFF';
INSERT INTO "Bücher 📚"."Größe ß ﬁ İ" VALUES
  ('👩‍👩‍👧', U&'\FEFF', U&'\202E', U&'e\0301', U&'\00E9'), ('﷽', U&'\+10FFFF', U&'\FFFF', U&'\FFFD', U&'\2028\0085'), ('ß', 'ẞ', 'ﬀ', 'İ', 'ı');
INSERT INTO "Bücher 📚"."Größe ß ﬁ İ" SELECT 'long', repeat('é', 100000), repeat('📚', 50000);
-- 63 bytes, the last character of three.
CREATE TABLE "Bücher 📚"."012345678901234567890123456789012345678901234567890123456789語" ("語" integer);
INSERT INTO "Bücher 📚"."012345678901234567890123456789012345678901234567890123456789語" VALUES (1);
CREATE TYPE zoo."größe" AS ENUM ('klein', 'größer', '巨大');
CREATE TABLE zoo.unicode_enum (g zoo."größe"[]);
INSERT INTO zoo.unicode_enum VALUES ('{klein,größer,巨大}');
CREATE COLLATION zoo.german (provider = icu, locale = 'de-u-co-phonebk');
CREATE COLLATION zoo.without_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE zoo.collated (a text COLLATE zoo.german, b text COLLATE zoo.without_case UNIQUE, c text COLLATE "de-x-icu");
INSERT INTO zoo.collated VALUES ('Ärger', 'Case', 'z'), ('Zorn', 'other', 'ä');
CREATE INDEX collated_a ON zoo.collated (a, c COLLATE "sv-x-icu");
CREATE TABLE zoo.unicode_partitioned (a text COLLATE "C") PARTITION BY LIST (a);
CREATE TABLE zoo."unicode_ä" PARTITION OF zoo.unicode_partitioned FOR VALUES IN ('ä', '語');
INSERT INTO zoo.unicode_partitioned VALUES ('ä'), ('語');
