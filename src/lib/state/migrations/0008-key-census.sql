-- Each census of encrypted values: how many there were under which keys, so that a register can tell it without
-- counting anew. `columns` holds counts by state, never a value or a subject.
create table postern.key_census (
  census_id bigint generated always as identity primary key,
  profile text not null,
  taken_at timestamptz not null default clock_timestamp(),
  looked_for_undeclared boolean not null,
  columns jsonb not null,
  findings jsonb not null
);
create index key_census_taken_at on postern.key_census (profile, taken_at desc);

create trigger append_only before update or delete or truncate on postern.key_census
  for each statement execute function postern.refuse_change();
alter table postern.key_census enable always trigger append_only;
