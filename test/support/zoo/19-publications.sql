CREATE PUBLICATION zoo_some FOR TABLE zoo.many (id, address) WHERE (id > 10), zoo.hen WITH (publish = 'insert, delete');
CREATE PUBLICATION zoo_schema FOR TABLES IN SCHEMA annex, TABLE zoo.measures WITH (publish_via_partition_root = true);
CREATE PUBLICATION "Zoo ""all""" FOR ALL TABLES;
CREATE PUBLICATION zoo_empty;
ALTER PUBLICATION zoo_schema OWNER TO CURRENT_USER;
COMMENT ON PUBLICATION zoo_some IS 'some columns of some rows';
