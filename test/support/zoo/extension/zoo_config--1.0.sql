CREATE TABLE zoo_config.setting (name text PRIMARY KEY, value text, standard boolean NOT NULL DEFAULT false);
INSERT INTO zoo_config.setting VALUES ('from the extension', 'itself', true);
SELECT pg_extension_config_dump('zoo_config.setting', 'WHERE NOT standard');
CREATE SEQUENCE zoo_config.counter;
SELECT pg_extension_config_dump('zoo_config.counter', '');
CREATE TABLE zoo_config.private (id integer);
INSERT INTO zoo_config.private VALUES (1);
