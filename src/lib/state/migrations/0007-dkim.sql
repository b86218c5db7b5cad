-- DKIM selectors, and what became of each. A selector is never used again, so nothing here is ever deleted.
create table postern.dkim_selector (
  profile text not null,
  domain text not null,
  selector text not null,
  key_type text not null check (key_type in ('rsa', 'ed25519')),
  bits integer not null check (bits > 0),
  -- As it stands in p=, and so public.
  public_key text not null,
  origin text not null check (origin in ('made', 'adopted')),
  key_file text not null,
  created_at timestamptz not null default clock_timestamp(),
  primary key (profile, domain, selector)
);

-- The newest of a selector's rows is the state that it is in; it enters each state once.
create table postern.dkim_event (
  event bigint generated always as identity primary key,
  profile text not null,
  domain text not null,
  selector text not null,
  state text not null check (state in (
    'prepared', 'published', 'active', 'grace', 'revoking', 'revoked', 'removing', 'removed', 'destroyed')),
  -- When it may go on from there at the earliest.
  not_before timestamptz,
  plan_id text references postern.plan,
  detail jsonb not null default '{}',
  at timestamptz not null default clock_timestamp(),
  foreign key (profile, domain, selector) references postern.dkim_selector,
  unique (profile, domain, selector, state)
);

create trigger append_only before update or delete or truncate on postern.dkim_selector
  for each statement execute function postern.refuse_change();
create trigger append_only before update or delete or truncate on postern.dkim_event
  for each statement execute function postern.refuse_change();
alter table postern.dkim_selector enable always trigger append_only;
alter table postern.dkim_event enable always trigger append_only;
