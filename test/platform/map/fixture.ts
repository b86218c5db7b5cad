/** A small mail platform, and the map of it in which there is nothing to find. */
export const platformSql = `
create table public.schema_migrations (version text primary key);
create table public.tenants (id uuid primary key, name text not null);
create table public.accounts (
  id uuid primary key, tenant_id uuid not null references tenants, name text, email text not null, created_at timestamptz not null,
  email_odd bytea, email_even bytea
);
create table public.index_keys (
  id uuid primary key, version int not null, state text not null, kek text not null, wrapped bytea not null
);
create table public.subject_keys (
  id uuid primary key, account_id uuid not null references accounts on delete cascade, version int not null,
  state text not null, kek text not null, dek bytea not null
);
create table public.mailboxes (
  id uuid primary key, tenant_id uuid not null, owner_id uuid not null references accounts on delete cascade,
  parent_id uuid references mailboxes, name varchar(80) not null
);
create table public.contacts (tenant_id uuid not null, email text not null, phone text, primary key (tenant_id, email));
create table public.contact_timeline (id bigint generated always as identity primary key, contact_email text, change jsonb);
create table public.messages (
  id bigint primary key, tenant_id uuid not null, mailbox_id uuid not null references mailboxes on delete cascade,
  sender_ref text, to_addrs text[] not null, headers text, meta jsonb, body_enc bytea, size int not null, received_at timestamptz not null
);
create table public.audit (id bigint, at date not null, actor uuid, primary key (id, at)) partition by range (at);
create table public.audit_2025 partition of audit for values from ('2025-01-01') to ('2026-01-01');
create function public.note() returns trigger language plpgsql as 'begin return new; end';
create trigger contact_changes after update on contacts for each row execute function note();
create trigger audited after insert on audit for each row execute function note();
create view public.senders as select sender_ref from messages;
`;

export const platformMap = `version: 1
subjects:
  contact: {identities: {email: {normalise: [lower, nfc], variants: [plus-tag]}}}
  user: {identities: {account: {}}}
tables:
  public.tenants:
    primary_key: [id]
    ownership: third-party
    non_personal: [name]
  public.accounts:
    primary_key: [id]
    tenant: tenant_id
    ownership: exclusive
    legal_basis: contract
    retention: {keep: until-termination}
    references: [{column: tenant_id, to: public.tenants.id, kind: fk}]
    fields:
      id: {type: uuid, category: user.unique_id, identity: user.account}
      name: {type: text, category: user.name}
      email: {type: text, category: user.contact.email, identity: contact.email}
      email_odd: {type: bytea, hmac: {of: email, key: public.index_keys.wrapped, versions: odd, normalise: [nfc, lower]}}
      email_even: {type: bytea, hmac: {of: email, key: public.index_keys.wrapped, versions: even, normalise: [nfc, lower]}}
    non_personal: [created_at]
    erase: delete
  public.index_keys:
    primary_key: [id]
    ownership: exclusive
    non_personal: [version, state, kek, wrapped]
  public.subject_keys:
    primary_key: [id]
    ownership: exclusive
    references: [{column: account_id, to: public.accounts.id, kind: fk}]
    non_personal: [version, state, kek, dek]
  public.mailboxes:
    primary_key: [id]
    tenant: tenant_id
    ownership: exclusive
    owner: owner
    legal_basis: contract
    retention: {keep: until-termination}
    references:
      - {column: owner_id, to: public.accounts.id, kind: fk}
      - {column: parent_id, to: public.mailboxes.id, kind: fk}
    fields:
      name: {type: varchar, category: user.content}
  public.contacts:
    primary_key: [tenant_id, email]
    tenant: tenant_id
    ownership: exclusive
    legal_basis: legitimate-interests
    retention: {keep: P2Y, law: null}
    fields:
      email: {type: text, category: user.contact.email, identity: contact.email}
      phone: {type: text, category: user.contact.phone_number}
    erase: delete
  public.contact_timeline:
    primary_key: [id]
    ownership: third-party
    legal_basis: legitimate-interests
    retention: {keep: P2Y}
    fields:
      contact_email: {type: text, category: user.contact.email, identity: contact.email, erase: set-null}
      change: {type: jsonb, paths: {"$.old": {category: user.contact, erase: {redact: node}}}}
  public.messages:
    primary_key: [id]
    tenant: tenant_id
    ownership: shared
    legal_basis: contract
    retention: {keep: P2Y, law: null, from: received_at}
    references:
      - {column: mailbox_id, to: public.mailboxes.id, kind: fk}
      - {column: sender_ref, to: public.contacts.email, kind: soft, fold: lower}
    fields:
      to_addrs: {type: "text[]", category: user.contact.email, identity: contact.email, erase: {redact: element}}
      headers: {type: text, parser: rfc5322, erase: {redact: address}}
      meta: {type: jsonb, paths: {"$.rcpt[*].addr": {identity: contact.email, erase: {redact: node}}}}
      body_enc: {type: bytea, encrypted: {dek: public.subject_keys.dek, by: mailbox.owner, as: message.body}, erase: shred}
      raw_key: {object: {bucket: mail-raw, key: "{tenant_id}/{id}.eml", format: eml, versions: all}}
    non_personal: [size, received_at]
    erase: {when_last_owner: delete, else: detach}
    exports: {as: mbox}
  public.audit:
    primary_key: [id, at]
    ownership: third-party
    references: [{as: who, column: actor, to: public.accounts.id, kind: soft}]
keyrings:
  public.subject_keys:
    {id: id, subject: account_id, version: version, state: state, kek: kek, wrapped: dek, context: {account: "{account_id}"}}
  public.index_keys: {id: id, version: version, state: state, kek: kek, wrapped: wrapped}
triggers:
  public.contacts.contact_changes: {effect: copies-pii, to: public.contact_timeline}
  public.audit.audited: {effect: none}
ignore:
  - {table: public.schema_migrations, reason: no personal data}
`;
