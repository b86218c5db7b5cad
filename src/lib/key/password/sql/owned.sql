-- $1: names of roles. How much belongs to each, by database; shared objects stand under none.
select r.rolname as name, coalesce(d.datname, '') as database, count(*)::int as objects
from pg_shdepend s
join pg_roles r on s.refclassid = 'pg_authid'::regclass and s.refobjid = r.oid
left join pg_database d on d.oid = s.dbid
where r.rolname = any($1) and s.deptype = 'o'
group by 1, 2 order by 1, 2
