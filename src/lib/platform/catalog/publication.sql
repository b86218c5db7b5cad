select p.oid,
       p.pubname::text as "name",
       pg_get_userbyid(p.pubowner)::text as "owner",
       p.puballtables as "allTables",
       array(select t.prrelid from pg_publication_rel t where t.prpubid = p.oid order by t.prrelid) as "relations"
  from pg_publication p
 order by p.pubname collate "C"
