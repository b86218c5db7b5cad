CREATE EXTENSION zoo_config;
INSERT INTO zoo_config.setting VALUES ('from the customer', 'to be backed up');
INSERT INTO zoo_config.private VALUES (2);
SELECT nextval('zoo_config.counter');
GRANT SELECT ON zoo_config.setting TO zoo_reader;
