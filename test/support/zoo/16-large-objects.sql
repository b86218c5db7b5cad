SELECT lo_from_bytea(910001, decode(repeat('00ff0a5c', 200000), 'hex')), lo_from_bytea(910002, ''), lo_from_bytea(910003, 'text');
ALTER LARGE OBJECT 910001 OWNER TO zoo_owner;
GRANT SELECT ON LARGE OBJECT 910001 TO zoo_reader;
GRANT UPDATE ON LARGE OBJECT 910003 TO "zoo Writer" WITH GRANT OPTION;
COMMENT ON LARGE OBJECT 910003 IS 'a large object with a comment';
-- A hole in the middle reads as zeros.
SELECT lo_create(910004);
SELECT lo_put(910004, 100000, '\x01');
CREATE TABLE zoo.has_large_object (id integer PRIMARY KEY, content oid);
INSERT INTO zoo.has_large_object VALUES (1, 910001), (2, 910002), (3, 424242);
