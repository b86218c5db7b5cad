-- Who objected to a use of their data (GDPR, Article 21), as keyed hashes of their names: what a sender looks up before
-- it writes to somebody. The last event of a hash in a channel counts.
create table postern.objection_event (
  event_id bigint generated always as identity primary key,
  profile text not null,
  kind text not null check (kind in ('objected', 'withdrawn', 'rehashed')),
  channel text not null check (channel ~ '^[a-z][a-z0-9-]{0,62}$'),
  reason text check (reason <> ''),
  author text not null,
  at timestamptz not null default clock_timestamp()
);
create index objection_event_channel on postern.objection_event (profile, channel);

create table postern.objection_hash (
  event_id bigint not null references postern.objection_event,
  hash text not null check (hash ~ '^[0-9a-f]{8}:[0-9a-f]{64}$'),
  is_suppressed boolean not null,
  primary key (event_id, hash)
);

create trigger append_only before update or delete or truncate on postern.objection_event
  for each statement execute function postern.refuse_change();
create trigger append_only before update or delete or truncate on postern.objection_hash
  for each statement execute function postern.refuse_change();
alter table postern.objection_event enable always trigger append_only;
alter table postern.objection_hash enable always trigger append_only;
