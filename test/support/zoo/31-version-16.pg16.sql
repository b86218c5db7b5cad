CREATE TABLE zoo.storage (a text STORAGE EXTERNAL, b jsonb STORAGE MAIN);
INSERT INTO zoo.storage VALUES ('a', '{}');
CREATE TABLE zoo.predicates (j text, CHECK (j IS JSON OBJECT WITH UNIQUE KEYS));
INSERT INTO zoo.predicates VALUES ('{"a": 1}');
CREATE VIEW zoo.json_constructors AS SELECT json_object('a': 1 ABSENT ON NULL), json_arrayagg(n ORDER BY n) FROM zoo.no_key;
CREATE TABLE zoo.system_user_default (who text DEFAULT SYSTEM_USER, x text);
INSERT INTO zoo.system_user_default (x) VALUES ('x');
