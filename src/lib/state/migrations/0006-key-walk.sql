-- Walks over encrypted columns: each in parts, which workers on any host lease from here. A part goes on behind
-- last_key; whoever let the lease run out cannot record anything more.
create table postern.key_walk_part (
  plan_id text not null references postern.plan,
  step integer not null check (step >= 0),
  part integer not null check (part >= 0),
  -- Greater than after_key, up to until_key: null at the ends of the table.
  after_key text[],
  until_key text[],
  last_key text[],
  owner text,
  lease_until timestamptz,
  seen bigint not null default 0,
  written bigint not null default 0,
  moved bigint not null default 0,
  refused bigint not null default 0,
  started_at timestamptz,
  finished_at timestamptz,
  primary key (plan_id, step, part)
);

-- Values that could not be encrypted again, by the key of their row. A later walk tries each again.
create table postern.key_quarantine (
  profile text not null,
  table_name text not null,
  column_name text not null,
  row_key text[] not null,
  reason text not null,
  plan_id text not null references postern.plan,
  first_at timestamptz not null default clock_timestamp(),
  last_at timestamptz not null default clock_timestamp(),
  resolved_at timestamptz,
  primary key (profile, table_name, column_name, row_key)
);
create index key_quarantine_open on postern.key_quarantine (profile, table_name, column_name)
  where resolved_at is null;
