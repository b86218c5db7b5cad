select e.oid,
       e.extname::text as "name",
       e.extversion as "version",
       n.nspname::text as "schema",
       pg_get_userbyid(e.extowner)::text as "owner",
       e.extrelocatable as "relocatable",
       coalesce((select json_agg(json_build_object('relation', u.relation::int8,
                                                   'condition', e.extcondition[u.position]) order by u.position)
                   from unnest(e.extconfig) with ordinality u (relation, position)), '[]') as "configuration"
  from pg_extension e
  join pg_namespace n on n.oid = e.extnamespace
 order by e.extname collate "C"
