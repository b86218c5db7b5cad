CREATE COLLATION zoo.builtin (provider = builtin, locale = 'C.UTF-8');
CREATE TABLE zoo.builtin_collated (a text COLLATE zoo.builtin PRIMARY KEY);
INSERT INTO zoo.builtin_collated VALUES ('ä'), ('Z');
