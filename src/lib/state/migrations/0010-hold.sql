-- Legal holds: what must stay although its person is erased. Persons and rows are keyed hashes; nothing here names them.
create table postern.hold (
  hold_id bigint generated always as identity primary key,
  profile text not null,
  case_reference text not null check (case_reference <> ''),
  reason text not null check (reason <> ''),
  -- Null: whatever is the person's, in all tables and of all tenants.
  tables text[] check (tables <> '{}'),
  tenant text,
  review_by date,
  author text not null,
  placed_at timestamptz not null default clock_timestamp()
);
create index hold_profile on postern.hold (profile);

create table postern.hold_person (
  hold_id bigint not null references postern.hold,
  hash text not null check (hash ~ '^[0-9a-f]{8}:[0-9a-f]{64}$'),
  primary key (hold_id, hash)
);

create table postern.hold_row (
  hold_id bigint not null references postern.hold,
  table_name text not null,
  hash text not null check (hash ~ '^[0-9a-f]{8}:[0-9a-f]{64}$'),
  primary key (hold_id, table_name, hash)
);

create table postern.hold_release (
  hold_id bigint primary key references postern.hold,
  reason text not null check (reason <> ''),
  author text not null,
  released_at timestamptz not null default clock_timestamp()
);

-- Rows that an erasure left because of a hold. Once it is released they wait, until a later plan erases them.
create table postern.hold_deferral (
  plan_id text not null references postern.plan,
  hold_id bigint not null references postern.hold,
  table_name text not null,
  rows bigint not null check (rows > 0),
  deferred_at timestamptz not null default clock_timestamp(),
  resumed_by text references postern.plan,
  resumed_at timestamptz,
  primary key (plan_id, hold_id, table_name),
  check ((resumed_by is null) = (resumed_at is null))
);
create index hold_deferral_open on postern.hold_deferral (hold_id) where resumed_by is null;

create trigger append_only before update or delete or truncate on postern.hold
  for each statement execute function postern.refuse_change();
create trigger append_only before update or delete or truncate on postern.hold_person
  for each statement execute function postern.refuse_change();
create trigger append_only before update or delete or truncate on postern.hold_row
  for each statement execute function postern.refuse_change();
create trigger append_only before update or delete or truncate on postern.hold_release
  for each statement execute function postern.refuse_change();
create trigger append_only before delete or truncate on postern.hold_deferral
  for each statement execute function postern.refuse_change();
alter table postern.hold enable always trigger append_only;
alter table postern.hold_person enable always trigger append_only;
alter table postern.hold_row enable always trigger append_only;
alter table postern.hold_release enable always trigger append_only;
alter table postern.hold_deferral enable always trigger append_only;
