-- A verification that reads files. While it has not finished, `verify --resume` goes on with it.
create table postern.backup_verification (
  verification bigint generated always as identity primary key,
  profile text not null,
  set_id text not null,
  destination text not null,
  -- `full` or `sample=5%`.
  level text not null,
  -- What the files of a sample were chosen by.
  seed text,
  -- The `verify --all` that it is part of.
  batch text,
  started_at timestamptz not null default clock_timestamp(),
  finished_at timestamptz
);
create index backup_verification_set on postern.backup_verification (destination, set_id, started_at desc);
create index backup_verification_batch on postern.backup_verification (profile, started_at desc);

-- The files that were found as they were signed: where a verification goes on, and where the next sample need not
-- look. A set may be older than this database, so nothing refers to it.
create table postern.backup_file_check (
  set_id text not null,
  destination text not null,
  file text not null,
  sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
  -- `opened`: the contents were compared too; `read`: the bytes alone.
  depth text not null check (depth in ('read', 'opened')),
  -- Of a part with rows: their number and checksum, from which those of its table are added up.
  rows bigint,
  checksum text check (checksum ~ '^[0-9a-f]{32}$'),
  first_at timestamptz not null default clock_timestamp(),
  checked_at timestamptz not null default clock_timestamp(),
  primary key (destination, set_id, file)
);
