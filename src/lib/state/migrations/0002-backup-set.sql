-- One row per backup set. The set's own signed manifest is the truth; this row makes lists and `status` fast.
create table postern.backup_set (
  set_id text primary key,
  profile text not null,
  source text not null,
  database_name text not null,
  system_identifier text not null,
  started_at timestamptz not null,
  finished_at timestamptz,
  state text not null default 'running' check (state in ('running', 'complete', 'failed')),
  manifest_sha256 text check (manifest_sha256 ~ '^[0-9a-f]{64}$'),
  previous_set_id text,
  parts integer,
  bytes bigint,
  rows bigint,
  location text not null,
  lock_until timestamptz,
  verified_at timestamptz,
  verify_level text,
  detail jsonb not null default '{}',
  check ((state = 'running') = (finished_at is null)),
  check (state <> 'complete' or manifest_sha256 is not null)
);
create index backup_set_profile on postern.backup_set (profile, started_at desc);
