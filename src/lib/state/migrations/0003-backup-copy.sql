-- A set goes to several destinations. It is `partial` while a required one lacks it.
alter table postern.backup_set drop constraint backup_set_state_check;
alter table postern.backup_set add constraint backup_set_state_check
  check (state in ('running', 'complete', 'partial', 'failed'));
alter table postern.backup_set alter column database_name drop not null;
alter table postern.backup_set alter column system_identifier drop not null;
alter table postern.backup_set alter column location drop not null;
alter table postern.backup_set drop column source;
alter table postern.backup_set drop column lock_until;
alter table postern.backup_set drop column verified_at;
alter table postern.backup_set drop column verify_level;

-- One row per set and destination.
create table postern.backup_copy (
  set_id text not null references postern.backup_set,
  destination text not null,
  location text not null,
  is_required boolean not null,
  state text not null default 'running' check (state in ('running', 'complete', 'failed', 'pruned')),
  finished_at timestamptz,
  lock_until timestamptz,
  keyring_lock_until timestamptz,
  keyring_pruned_at timestamptz,
  primary key (set_id, destination),
  check ((state = 'running') = (finished_at is null))
);
create index backup_copy_destination on postern.backup_copy (destination, set_id desc);

-- What was looked at, how closely, and what came of it: verifications, restores and drills.
create table postern.backup_check (
  check_id bigint generated always as identity primary key,
  profile text not null,
  set_id text not null,
  destination text not null,
  kind text not null check (kind in ('verify', 'restore', 'drill')),
  level text,
  outcome text not null check (outcome in ('passed', 'failed', 'incomplete')),
  started_at timestamptz not null,
  finished_at timestamptz not null default clock_timestamp(),
  bytes bigint,
  findings integer not null default 0,
  certificate_id text,
  detail jsonb not null default '{}'
);
create index backup_check_set on postern.backup_check (profile, destination, set_id, finished_at desc);

-- Erasures, to be repeated in every database that is restored from before them. Keyed HMACs and enums only: the
-- ledger must not know whom it forgets. `kind` names what repeats the entry.
create table postern.erasure (
  entry bigint generated always as identity primary key,
  profile text not null,
  source text not null,
  kind text not null,
  detail jsonb not null default '{}',
  plan_id text references postern.plan,
  erased_at timestamptz not null,
  recorded_at timestamptz not null default clock_timestamp()
);
create index erasure_erased_at on postern.erasure (profile, source, erased_at);

create trigger append_only before update or delete or truncate on postern.backup_check
  for each statement execute function postern.refuse_change();
create trigger append_only before update or delete or truncate on postern.erasure
  for each statement execute function postern.refuse_change();
alter table postern.backup_check enable always trigger append_only;
alter table postern.erasure enable always trigger append_only;
