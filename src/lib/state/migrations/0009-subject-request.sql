-- What persons asked for, and by when it is due. A request is named by the operator's own reference; nothing here names
-- the person.
create table postern.subject_request (
  request_id bigint generated always as identity primary key,
  profile text not null,
  kind text not null check (kind in (
    'access', 'portability', 'rectification', 'erasure', 'restriction', 'objection')),
  reference text not null check (reference <> ''),
  received_at timestamptz not null,
  -- Of the controller whose processor we are, where it is not ourselves.
  tenant text,
  instruction text,
  opened_at timestamptz not null default clock_timestamp(),
  unique (profile, reference)
);

-- Each happens once.
create table postern.subject_request_event (
  event bigint generated always as identity primary key,
  request_id bigint not null references postern.subject_request,
  kind text not null check (kind in ('verified', 'extended', 'closed')),
  detail jsonb not null default '{}',
  at timestamptz not null default clock_timestamp(),
  unique (request_id, kind)
);

create trigger append_only before update or delete or truncate on postern.subject_request
  for each statement execute function postern.refuse_change();
create trigger append_only before update or delete or truncate on postern.subject_request_event
  for each statement execute function postern.refuse_change();
alter table postern.subject_request enable always trigger append_only;
alter table postern.subject_request_event enable always trigger append_only;
