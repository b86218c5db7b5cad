-- Mail objects go into the sets too: the last full set and its increments together hold them. Their files are locked
-- longer than the rest, because younger sets refer to them.
alter table postern.backup_copy add column objects_lock_until timestamptz;

create table postern.backup_object_set (
  set_id text primary key references postern.backup_set,
  mode text not null check (mode in ('full', 'incremental')),
  part_plain_size bigint not null check (part_plain_size > 0),
  -- Earlier sets that hold objects of this one: they must stay as long as it does.
  base text[] not null default '{}'
);

-- Which objects a set holds and where: the host that writes sets cannot read them. The digest names an object to who
-- knows it already, and nobody else. Rows count only while their set does.
create table postern.backup_object (
  set_id text not null references postern.backup_object_set,
  digest bytea not null check (octet_length(digest) = 32),
  data_offset bigint not null,
  head_size integer not null,
  size bigint not null,
  sha256 bytea not null check (octet_length(sha256) = 32),
  primary key (digest, set_id)
);
create index backup_object_set_id on postern.backup_object (set_id);

-- The only rows that the runtime role may have deleted, and only those that nothing can build upon.
create function postern.forget_backup_objects(of_profile text) returns bigint
language sql security definer set search_path = pg_catalog, pg_temp as $$
  with gone as (
    delete from postern.backup_object o using postern.backup_set s
    where s.set_id = o.set_id and s.profile = of_profile and (
      s.state = 'failed'
      or s.started_at < (
        select max(f.started_at) from postern.backup_set f join postern.backup_object_set m using (set_id)
        where f.profile = of_profile and f.state = 'complete' and m.mode = 'full'))
    returning 1)
  select count(*) from gone
$$;
revoke all on function postern.forget_backup_objects(text) from public;
