CREATE FUNCTION zoo.add(a integer, b integer DEFAULT 1, VARIADIC rest integer[] DEFAULT '{}') RETURNS integer
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 5 LEAKPROOF AS 'SELECT a + b';
CREATE FUNCTION zoo.atomic(a integer) RETURNS integer LANGUAGE sql
BEGIN ATOMIC
  INSERT INTO zoo.no_key (n, note) SELECT $1, 'a; b -- c' WHERE false;
  SELECT CASE WHEN $1 > 0 THEN CASE WHEN $1 > 5 THEN 2 ELSE 1 END ELSE 0 END;
END;
CREATE FUNCTION zoo.short(a integer) RETURNS integer RETURN a + zoo.add(1, 2);
CREATE PROCEDURE zoo.proceed(INOUT a integer, IN b text DEFAULT 'x;y') LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = zoo, pg_temp SET work_mem = '8MB' AS $$
BEGIN
  -- Lines that look as if they were pg_dump's own.
  a := a + 1;
  PERFORM '
\restrict abc
-- Dumped from database version 1
-- Dumped by pg_dump version 1
\unrestrict abc
SET transaction_timeout = 0;
';
END $$;
CREATE FUNCTION zoo.dollars() RETURNS text LANGUAGE plpgsql AS $outer$ BEGIN RETURN $$ $body$ ; $body$ $$; END $outer$;
CREATE FUNCTION zoo.table_of(n integer) RETURNS TABLE (a integer, "B b" text) LANGUAGE sql ROWS 10
  AS $$ SELECT i, 'x' FROM generate_series(1, n) AS i $$;
CREATE FUNCTION zoo.set_of_mood() RETURNS SETOF zoo.mood LANGUAGE sql STABLE AS 'SELECT unnest(enum_range(NULL::zoo.mood))';
CREATE FUNCTION zoo.of_row(r zoo.columns) RETURNS text LANGUAGE sql AS 'SELECT r.words';
CREATE FUNCTION zoo.anything(a anyelement, b anyarray) RETURNS anyelement LANGUAGE sql AS 'SELECT a';
CREATE FUNCTION zoo."Quoted ""f"""(" a " integer, OUT "out put" integer) LANGUAGE sql AS 'SELECT 1';
COMMENT ON FUNCTION zoo.add(integer, integer, integer[]) IS 'adds';
ALTER FUNCTION zoo.dollars() OWNER TO zoo_owner;
ALTER PROCEDURE zoo.proceed(integer, text) OWNER TO "zoo ""quoted"" role";
REVOKE EXECUTE ON PROCEDURE zoo.proceed(integer, text) FROM PUBLIC;
GRANT EXECUTE ON PROCEDURE zoo.proceed(integer, text) TO "zoo Writer" WITH GRANT OPTION;
-- pg_dump must order this function behind the view that it reads, or leave its body unchecked.
CREATE TABLE zoo.defaulted (id integer DEFAULT zoo.add(1, 2), doubled integer GENERATED ALWAYS AS (zoo.add(5, 5)) STORED);
INSERT INTO zoo.defaulted DEFAULT VALUES;

CREATE AGGREGATE zoo.total(integer) (SFUNC = int4pl, STYPE = integer, INITCOND = '0', PARALLEL = SAFE, COMBINEFUNC = int4pl);
CREATE AGGREGATE zoo.longest(anycompatible) (SFUNC = array_append, STYPE = anycompatiblearray, INITCOND = '{}');
CREATE AGGREGATE zoo.percent(double precision ORDER BY anyelement)
  (SFUNC = ordered_set_transition, STYPE = internal, FINALFUNC = percentile_disc_final, FINALFUNC_EXTRA);
COMMENT ON AGGREGATE zoo.total(integer) IS 'sums';

CREATE FUNCTION zoo.mood_number(zoo.mood) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT length($1::text)';
CREATE CAST (zoo.mood AS integer) WITH FUNCTION zoo.mood_number(zoo.mood) AS ASSIGNMENT;
CREATE CAST (zoo.point3 AS text) WITH INOUT;
COMMENT ON CAST (zoo.mood AS integer) IS 'letters';
CREATE FUNCTION zoo.near(zoo.point3, zoo.point3) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT ($1).x = ($2).x';
CREATE OPERATOR zoo.=~= (LEFTARG = zoo.point3, RIGHTARG = zoo.point3, FUNCTION = zoo.near, COMMUTATOR = OPERATOR(zoo.=~=),
  NEGATOR = OPERATOR(zoo.!~=), RESTRICT = eqsel, JOIN = eqjoinsel);
CREATE FUNCTION zoo.far(zoo.point3, zoo.point3) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT ($1).x <> ($2).x';
CREATE OPERATOR zoo.!~= (LEFTARG = zoo.point3, RIGHTARG = zoo.point3, FUNCTION = zoo.far, COMMUTATOR = OPERATOR(zoo.!~=),
  NEGATOR = OPERATOR(zoo.=~=));
CREATE OPERATOR zoo.!! (RIGHTARG = integer, FUNCTION = zoo.short);
COMMENT ON OPERATOR zoo.=~= (zoo.point3, zoo.point3) IS 'near';
CREATE FUNCTION zoo.compare_backwards(integer, integer) RETURNS integer LANGUAGE sql IMMUTABLE STRICT AS 'SELECT btint4cmp($2, $1)';
CREATE OPERATOR FAMILY zoo.backwards USING btree;
CREATE OPERATOR CLASS zoo.backwards_ops FOR TYPE integer USING btree FAMILY zoo.backwards AS
  OPERATOR 1 >, OPERATOR 2 >=, OPERATOR 3 =, OPERATOR 4 <=, OPERATOR 5 <, FUNCTION 1 zoo.compare_backwards(integer, integer);
CREATE INDEX indexed_backwards ON zoo.indexed (a zoo.backwards_ops);
CREATE CONVERSION zoo.conversion FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;
-- A base type with its input and output functions.
CREATE TYPE zoo.shell;
CREATE FUNCTION zoo.shell_in(cstring) RETURNS zoo.shell LANGUAGE internal IMMUTABLE STRICT AS 'int4in';
CREATE FUNCTION zoo.shell_out(zoo.shell) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'int4out';
CREATE TYPE zoo.shell (INPUT = zoo.shell_in, OUTPUT = zoo.shell_out, LIKE = integer, CATEGORY = 'N', DEFAULT = '7');
CREATE TABLE zoo.shells (shell zoo.shell, shells zoo.shell[]);
INSERT INTO zoo.shells VALUES ('12', '{1,2}'), (DEFAULT, NULL);
-- pg_dump writes a language whole only when its functions are the customer's too.
CREATE FUNCTION zoo.plzoo_handler() RETURNS language_handler LANGUAGE c AS '$libdir/plpgsql', 'plpgsql_call_handler';
CREATE FUNCTION zoo.plzoo_validator(oid) RETURNS void LANGUAGE c STRICT AS '$libdir/plpgsql', 'plpgsql_validator';
CREATE TRUSTED LANGUAGE plzoo HANDLER zoo.plzoo_handler VALIDATOR zoo.plzoo_validator;
COMMENT ON LANGUAGE plzoo IS 'PL/pgSQL by another name';
CREATE TRANSFORM FOR text LANGUAGE plzoo (FROM SQL WITH FUNCTION pg_catalog.varchar_support(internal));
