-- Operators, the audit log, plans with their approvals and journal, and certificates.
-- The runner made schema postern and table postern.schema_migration before this file.

create function postern.refuse_change() returns trigger
  language plpgsql set search_path = pg_catalog as $$
begin
  raise exception '%.% is append-only: % refused', tg_table_schema, tg_table_name, lower(tg_op)
    using errcode = 'insufficient_privilege';
end
$$;

-- Operators: who may author and approve. A revoked operator stays, because old signatures name the key.
create table postern.operator (
  fingerprint text primary key check (fingerprint ~ '^[0-9A-F]{40}$'),
  name text not null,
  public_key text not null,
  enrolled_at timestamptz not null default clock_timestamp(),
  revoked_at timestamptz,
  revoke_reason text,
  check ((revoked_at is null) = (revoke_reason is null))
);

-- The audit log. The body is canonical JSON and holds everything, its own number and the previous hash included;
-- hash is the SHA-256 of the body's UTF-8 bytes, lowercase hex.
create table postern.audit_entry (
  seq bigint primary key check (seq > 0),
  hash text not null unique check (hash ~ '^[0-9a-f]{64}$'),
  body text not null
);
create index audit_entry_action on postern.audit_entry ((body::jsonb ->> 'action'), seq);
create index audit_entry_plan on postern.audit_entry ((body::jsonb ->> 'plan'), seq)
  where body::jsonb ? 'plan';

-- Whoever may insert may still only continue the chain. Of two at once, the primary key refuses one.
create function postern.check_audit_chain() returns trigger
  language plpgsql set search_path = pg_catalog as $$
declare
  last_seq bigint;
  last_hash text;
  entry jsonb := new.body::jsonb;
begin
  select seq, hash into last_seq, last_hash from postern.audit_entry order by seq desc limit 1;
  if new.seq is distinct from coalesce(last_seq, 0) + 1
    or (entry ->> 'seq')::bigint is distinct from new.seq
    or entry ->> 'previousHash' is distinct from coalesce(last_hash, repeat('0', 64))
    or new.hash is distinct from encode(sha256(convert_to(new.body, 'UTF8')), 'hex')
  then
    raise exception 'audit entry % does not continue the chain', new.seq using errcode = 'check_violation';
  end if;
  return new;
end
$$;
create trigger chain before insert on postern.audit_entry
  for each row execute function postern.check_audit_chain();

-- Plans. Only the text counts: id is its SHA-256. The other columns serve lists. A plan's state is what its
-- journal says, so nothing here is ever updated.
create table postern.plan (
  id text primary key check (id = encode(sha256(convert_to(text, 'UTF8')), 'hex')),
  text text not null,
  kind text not null,
  profile text not null,
  created_at timestamptz not null,
  expires_at timestamptz not null
);
create index plan_created_at on postern.plan (created_at);

-- Detached OpenPGP signatures over a plan's text: the author's own, and the approvers'.
create table postern.plan_approval (
  approval bigint generated always as identity primary key,
  plan_id text not null references postern.plan,
  role text not null check (role in ('author', 'approver')),
  fingerprint text not null references postern.operator,
  signature text not null,
  signed_at timestamptz not null,
  recorded_at timestamptz not null default clock_timestamp()
);
create index plan_approval_plan on postern.plan_approval (plan_id, approval);

-- detail is json, not jsonb, because a step's result may hold an escaped NUL, which jsonb refuses.
create table postern.plan_journal (
  entry bigint generated always as identity primary key,
  plan_id text not null references postern.plan,
  event text not null check (event in
    ('started', 'intent', 'checkpoint', 'done', 'failed', 'applied', 'cancelled')),
  step integer check (step >= 0),
  detail json not null,
  at timestamptz not null default clock_timestamp(),
  check ((step is not null) = (event in ('intent', 'checkpoint', 'done', 'failed')))
);
create index plan_journal_plan on postern.plan_journal (plan_id, entry);
create unique index plan_journal_started on postern.plan_journal (plan_id) where event = 'started';
create unique index plan_journal_done on postern.plan_journal (plan_id, step) where event = 'done';
create unique index plan_journal_end on postern.plan_journal (plan_id) where event in ('applied', 'cancelled');

-- DSSE envelopes. id is the SHA-256 of the payload's bytes.
create table postern.certificate (
  id text primary key check (id ~ '^[0-9a-f]{64}$'),
  plan_id text unique references postern.plan,
  predicate_type text not null,
  envelope text not null,
  created_at timestamptz not null
);

create trigger append_only before update or delete or truncate on postern.audit_entry
  for each statement execute function postern.refuse_change();
create trigger append_only before update or delete or truncate on postern.plan
  for each statement execute function postern.refuse_change();
create trigger append_only before update or delete or truncate on postern.plan_approval
  for each statement execute function postern.refuse_change();
create trigger append_only before update or delete or truncate on postern.plan_journal
  for each statement execute function postern.refuse_change();
create trigger append_only before update or delete or truncate on postern.certificate
  for each statement execute function postern.refuse_change();

-- ALWAYS: session_replication_role = replica does not switch them off.
alter table postern.audit_entry enable always trigger append_only;
alter table postern.audit_entry enable always trigger chain;
alter table postern.plan enable always trigger append_only;
alter table postern.plan_approval enable always trigger append_only;
alter table postern.plan_journal enable always trigger append_only;
alter table postern.certificate enable always trigger append_only;
