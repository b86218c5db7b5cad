-- Tenants whose contract ended: from that day runs the time within which their data is returned or deleted. The last
-- entry of a tenant counts; an earlier one was of another contract, or had the wrong day.
create table postern.offboarding (
  offboarding_id bigint generated always as identity primary key,
  profile text not null,
  tenant text not null check (tenant <> ''),
  ended_on date not null,
  reason text not null check (reason <> ''),
  author text not null,
  begun_at timestamptz not null default clock_timestamp()
);
create index offboarding_tenant on postern.offboarding (profile, tenant);

-- `detail` holds digests, ids and counts.
create table postern.offboarding_event (
  event bigint generated always as identity primary key,
  offboarding_id bigint not null references postern.offboarding,
  kind text not null check (kind in ('returned', 'deleted')),
  plan_id text references postern.plan,
  detail jsonb not null default '{}',
  at timestamptz not null default clock_timestamp(),
  unique (plan_id, kind)
);
create index offboarding_event_offboarding on postern.offboarding_event (offboarding_id);

create trigger append_only before update or delete or truncate on postern.offboarding
  for each statement execute function postern.refuse_change();
create trigger append_only before update or delete or truncate on postern.offboarding_event
  for each statement execute function postern.refuse_change();
alter table postern.offboarding enable always trigger append_only;
alter table postern.offboarding_event enable always trigger append_only;
