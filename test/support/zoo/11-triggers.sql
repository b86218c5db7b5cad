CREATE TABLE zoo.log (id bigserial PRIMARY KEY, what text);
CREATE TABLE zoo.watched (id integer PRIMARY KEY, a text, b text);
INSERT INTO zoo.watched SELECT n, 'a', 'b' FROM generate_series(1, 5) AS n;
CREATE FUNCTION zoo.note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO zoo.log (what) VALUES (TG_NAME || ' ' || TG_OP);
  RETURN coalesce(NEW, OLD);
END $$;
CREATE TRIGGER row_before BEFORE INSERT OR UPDATE OF a, b ON zoo.watched FOR EACH ROW
  WHEN (NEW.a IS DISTINCT FROM 'it''s; quiet') EXECUTE FUNCTION zoo.note('argument', 'with '' and \');
CREATE TRIGGER statement_after AFTER DELETE OR TRUNCATE ON zoo.watched EXECUTE FUNCTION zoo.note();
CREATE TRIGGER transition AFTER UPDATE ON zoo.watched REFERENCING OLD TABLE AS before NEW TABLE AS after
  FOR EACH STATEMENT EXECUTE FUNCTION zoo.note();
CREATE CONSTRAINT TRIGGER "Constraint; trigger" AFTER INSERT ON zoo.watched FROM zoo.many DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION zoo.note();
CREATE TRIGGER disabled AFTER INSERT ON zoo.watched EXECUTE FUNCTION zoo.note();
CREATE TRIGGER always BEFORE INSERT ON zoo.watched FOR EACH ROW EXECUTE FUNCTION zoo.note();
CREATE TRIGGER replica BEFORE INSERT ON zoo.watched FOR EACH ROW EXECUTE FUNCTION zoo.note();
ALTER TABLE zoo.watched DISABLE TRIGGER disabled, ENABLE ALWAYS TRIGGER always, ENABLE REPLICA TRIGGER replica;
COMMENT ON TRIGGER always ON zoo.watched IS 'even when restoring';
-- It would refuse the very rows that a restore brings back, if it were there before them.
CREATE FUNCTION zoo.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'nothing may be inserted'; END $$;
CREATE TRIGGER refuse BEFORE INSERT ON zoo.no_columns FOR EACH ROW EXECUTE FUNCTION zoo.refuse();
ALTER TABLE zoo.no_columns ENABLE ALWAYS TRIGGER refuse;
-- On a partitioned table, with one partition set apart.
CREATE TRIGGER on_partitions AFTER INSERT ON zoo.measures FOR EACH ROW EXECUTE FUNCTION zoo.note();
ALTER TABLE zoo.measures_west DISABLE TRIGGER on_partitions;

CREATE FUNCTION zoo.on_ddl() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE DEBUG 'ddl: %', tg_tag; END $$;
CREATE EVENT TRIGGER zoo_ddl ON ddl_command_end WHEN TAG IN ('CREATE TABLE', 'DROP TABLE') EXECUTE FUNCTION zoo.on_ddl();
CREATE EVENT TRIGGER zoo_always ON sql_drop EXECUTE FUNCTION zoo.on_ddl();
CREATE EVENT TRIGGER zoo_disabled ON table_rewrite EXECUTE FUNCTION zoo.on_ddl();
ALTER EVENT TRIGGER zoo_always ENABLE ALWAYS;
ALTER EVENT TRIGGER zoo_disabled DISABLE;
COMMENT ON EVENT TRIGGER zoo_ddl IS 'sees tables come and go';
