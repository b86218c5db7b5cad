-- $1: names of roles. What the server says of each, as far as this login may see it.
select r.rolname as name,
       r.rolcanlogin as "canLogin",
       r.rolsuper as "isSuperuser",
       r.rolconnlimit as "connectionLimit",
       to_char(nullif(r.rolvaliduntil, 'infinity') at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "validUntil",
       case
         when me.rolsuper then true
         when r.rolsuper then false
         when r.oid = me.oid then true
         when not me.rolcreaterole then false
         -- Before 16, CREATEROLE was enough for every role but these.
         when current_setting('server_version_num')::int < 160000 then not r.rolreplication
         else pg_has_role(me.oid, r.oid, 'USAGE WITH ADMIN OPTION')
       end as "mayAlter",
       case
         when me.rolsuper then true
         when r.rolsuper then false
         else pg_has_role(me.oid, r.oid, 'USAGE')
              or pg_has_role(me.oid, (select oid from pg_roles where rolname = 'pg_signal_backend'), 'USAGE')
       end as "mayEndSessions",
       (select count(*)::int from pg_stat_activity a
        where a.usesysid = r.oid and a.pid <> pg_backend_pid()) as sessions
from pg_roles r, (select * from pg_roles where rolname = current_user) me
where r.rolname = any($1)
