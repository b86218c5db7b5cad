select p.oid,
       p.polrelid as "relation",
       p.polname::text as "name",
       case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete'
                     else 'all' end as "command",
       p.polpermissive as "permissive",
       array(select case when u.role = 0 then 'public' else pg_get_userbyid(u.role)::text end
               from unnest(p.polroles) u (role)
              order by 1) as "roles",
       case when p.polrelid <> all (:locked) then pg_get_expr(p.polqual, p.polrelid) end as "using",
       case when p.polrelid <> all (:locked) then pg_get_expr(p.polwithcheck, p.polrelid) end as "check"
  from pg_policy p
  join pg_class c on c.oid = p.polrelid
  join pg_namespace n on n.oid = c.relnamespace
 where :schemas is null or n.nspname = any (:schemas)
 order by p.polrelid, p.polname collate "C"
