/** A mail platform of two tenants, in which Ann stands in every way in which somebody can, and Bob beside her. */
export const eraseSchema = `
create schema app;
create table app.tenant (id int primary key, name text not null);
create table app.account (
  tenant_id int not null references app.tenant, id int primary key, email text not null, email_key text not null unique,
  name text not null, referrer_id int references app.account
);
create table app.alias (id int primary key, account_id int not null references app.account, address text not null);
create table app.box (id int primary key, account_id int not null references app.account, name text not null);
create table app.mail (
  tenant_id int not null, id int primary key, box_id int not null references app.box, parent_id int references app.mail,
  recipients text[] not null, head text not null, raw bytea, meta jsonb not null, object_key text
);
create index on app.mail (box_id);
create index on app.mail (parent_id);
-- One body for all copies, as DBMail has it: who holds a copy has a share.
create table app.body (id int primary key, content text not null);
create table app.copy (
  id int primary key, box_id int not null references app.box, body_id int not null references app.body on delete restrict
);
create table app.part (id int primary key, mail_id int not null references app.mail, name text not null, object_key text not null);
create table app.card (
  id int primary key, tenant_id int not null, account_id int not null references app.account, email text not null,
  full_name text not null, phone text, card text not null
);
create table app.card_change (id serial primary key, card_id int not null, was jsonb not null);
create table app.log (day date, id int, account_id int, line text not null, primary key (day, id));
create table app.check_result (id int primary key, email text not null, result text not null);
-- Speaks of somebody by a key, and of mail.
create table app.note (id int primary key, account_id int, mail_id int, author text not null, ip inet, detail jsonb not null);
create table app.seen (id int primary key, email text not null);
create table app.invoice (
  tenant_id int not null, number text, account_id int references app.account, email text not null, issued date not null,
  primary key (tenant_id, number)
);
create materialized view app.busy as select lower(r) as recipient, count(*) as mails from app.mail, unnest(recipients) r group by 1;
create unique index on app.busy (recipient);
create function app.note_card() returns trigger language plpgsql as $$
begin
  insert into app.card_change (card_id, was) values (old.id, jsonb_build_object('name', old.full_name, 'email', old.email, 'phone', old.phone));
  return new;
end $$;
create trigger note_card before update on app.card for each row execute function app.note_card();

insert into app.tenant values (1, 'one'), (2, 'two');
insert into app.account values
  (1, 10, 'Ann@Example.org', 'ann@example.org', 'Ann Example', null),
  (1, 11, 'joann@example.org', 'joann@example.org', 'Jo', 10),
  (2, 20, 'bob@example.org', 'bob@example.org', 'Bob', null);
insert into app.alias values (1, 10, 'a.nn@xn--mnster-3ya.example'), (2, 11, 'jo@example.org'), (3, 10, 'press@example.org');
insert into app.box values (100, 10, 'in'), (101, 10, 'sent'), (110, 11, 'in'), (200, 20, 'in');
insert into app.mail values
  (1, 1, 100, null, '{bob@example.org}', 'From: bob@example.org', null, '{}', 'k1'),
  (1, 2, 101, 1, '{ann+news@example.org,z@z.example}', 'x', null, '{}', null),
  (2, 3, 200, null, '{"PRESS@EXAMPLE.ORG","bob@example.org"}', 'Subject: hello', null, '{}', 'k3'),
  (2, 4, 200, 2, '{}', E'To: "Ann Example" <ANN@example.org>,\\r\\n b@b.example\\r\\nX: y', null, '{}', null),
  (2, 5, 200, null, '{}', 'x', convert_to('Cc: ann@example.org, ', 'UTF8') || '\\xff'::bytea, '{}', null),
  (2, 6, 200, null, '{}', 'x', null, '{"to": [{"a": "ann@example.org"}, {"a": "b@b.example"}]}', null),
  (2, 7, 200, null, '{joann@example.org,ann@example.org.uk}', 'To: ann@example.org.uk, joann@example.org, x-ann@example.org', null, '{}', null),
  (1, 8, 110, null, '{ann@münster.example}', 'To: jo@example.org', null, '{}', null);
insert into app.body values (1, 'To Ann alone'), (2, 'To: ann@example.org, bob@example.org'), (3, 'To Bob alone');
insert into app.copy values (1, 100, 1), (2, 100, 2), (3, 200, 2), (4, 200, 3);
insert into app.part values (1, 1, 'a.pdf', 'p-shared'), (2, 3, 'a.pdf', 'p-shared'), (3, 2, 'b.pdf', 'p-own');
insert into app.card values
  (1, 1, 10, 'carl@c.example', 'Carl', '+49 30 123', 'BEGIN:VCARD'),
  (2, 2, 20, 'ann@example.org', 'Ann Example', '+49 30 999', E'BEGIN:VCARD\\r\\nFN:Ann Example\\r\\nEMAIL:ann@example.org\\r\\nEND:VCARD'),
  (3, 2, 20, 'dora@d.example', 'Dora', null, 'BEGIN:VCARD');
insert into app.card_change (card_id, was) values (1, '{"name": "Karl", "email": "old@c.example"}'), (3, '{"name": "D", "email": "x@d.example"}');
insert into app.log values ('2026-01-01', 1, 10, 'login'), ('2026-01-01', 2, 11, 'login'), ('2026-01-02', 1, 20, 'looked at ann@example.org twice');
insert into app.check_result values (1, 'ann@example.org', 'ok'), (2, 'bob@example.org', 'ok');
insert into app.note values
  (1, 10, null, 'Ann Example', '192.0.2.1', '{"ip": "192.0.2.1", "action": "login"}'),
  (2, null, 2, 'Ann Example', null, '{"action": "sent"}'), (3, 20, 3, 'Bob', '192.0.2.2', '{"ip": "192.0.2.2"}'),
  (4, 20, null, 'Bob', null, '{"text": "called ann@example.org, and joann@example.org"}');
insert into app.seen values (1, 'ann@example.org'), (2, 'ANN+x@example.org'), (3, 'bob@example.org');
insert into app.invoice values
  (1, 'R-1', 10, 'ann@example.org', '2026-01-01'), (2, 'R-1', 20, 'bob@example.org', '2026-01-01');
analyze;
refresh materialized view app.busy;
`;

export const eraseMap = `version: 1
subjects:
  user: {identities: {id: {}, email: {normalise: [trim, lower, nfc, idna], variants: [plus-tag]}}}
  contact:
    identities:
      email: {normalise: [trim, lower, nfc, idna], variants: [plus-tag]}
      phone: {normalise: [digits]}
tables:
  app.tenant:
    primary_key: [id]
    tenant: id
    ownership: third-party
    non_personal: [name]
    erase: restrict
  app.account:
    primary_key: [id]
    tenant: tenant_id
    ownership: exclusive
    owner: tenant
    references:
      - {column: tenant_id, to: app.tenant.id, kind: fk}
      - {as: referrer, column: referrer_id, to: app.account.id, kind: fk}
    fields:
      id: {type: integer, category: user.unique_id, identity: user.id}
      email: {type: text, category: user.contact.email, identity: user.email}
      email_key: {type: text, category: user.contact.email, identity: user.email}
      name: {type: text, category: user.name}
    erase: delete
  app.alias:
    primary_key: [id]
    ownership: exclusive
    references: [{column: account_id, to: app.account.id, kind: fk}]
    fields: {address: {type: text, category: user.contact.email, identity: user.email}}
    erase: delete
  app.box:
    primary_key: [id]
    ownership: exclusive
    references: [{column: account_id, to: app.account.id, kind: fk}]
    non_personal: [name]
    erase: delete
  app.mail:
    primary_key: [id]
    tenant: tenant_id
    ownership: shared
    owner: box
    references:
      - {column: box_id, to: app.box.id, kind: fk}
      - {as: parent, column: parent_id, to: app.mail.id, kind: fk}
    fields:
      recipients: {type: 'text[]', category: user.contact.email, identity: contact.email, erase: {redact: element}}
      head: {type: text, parser: rfc5322, category: user.contact.email, erase: {redact: address}}
      raw: {type: bytea, parser: rfc5322, category: user.content, erase: {redact: address}}
      meta: {type: jsonb, paths: {'$.to[*].a': {category: user.contact.email, identity: contact.email, erase: {redact: node}}}}
      object_key: {type: text, object: {bucket: mail, key: 'raw/{object_key}.eml', format: eml}, erase: {redact: address}}
    erase: {when_last_owner: delete, else: detach}
  app.body:
    primary_key: [id]
    ownership: shared
    fields: {content: {type: text, parser: text, category: user.content, erase: {redact: address}}}
    erase: {when_last_owner: delete, else: detach}
  app.copy:
    primary_key: [id]
    ownership: exclusive
    owner: box
    references:
      - {column: box_id, to: app.box.id, kind: fk}
      - {column: body_id, to: app.body.id, kind: fk}
    erase: delete
  app.part:
    primary_key: [id]
    ownership: shared
    references: [{column: mail_id, to: app.mail.id, kind: fk}]
    fields:
      name: {type: text, category: user.content, erase: with-row}
      object_key: {type: text, object: {bucket: mail, key: 'part/{object_key}', format: binary, deduplicated: true}}
    erase: {when_last_owner: delete, else: detach}
  app.card:
    primary_key: [id]
    tenant: tenant_id
    ownership: exclusive
    references: [{column: account_id, to: app.account.id, kind: fk}]
    fields:
      email: {type: text, category: user.contact.email, identity: contact.email}
      full_name: {type: text, category: user.name}
      phone: {type: text, category: user.contact.phone_number, identity: contact.phone}
      card: {type: text, category: user.contact, parser: vcard}
    erase: delete
  app.card_change:
    primary_key: [id]
    ownership: exclusive
    references: [{column: card_id, to: app.card.id, kind: soft}]
    fields:
      was:
        type: jsonb
        paths:
          '$.name': {category: user.name}
          '$.email': {category: user.contact.email, identity: contact.email}
          '$.phone': {category: user.contact.phone_number, identity: contact.phone}
    erase: delete
  app.log:
    primary_key: [day, id]
    ownership: third-party
    references: [{column: account_id, to: app.account.id, kind: soft}]
    fields: {line: {type: text, parser: text, category: user.behavior, erase: {redact: address}}}
    erase: redact
  app.check_result:
    primary_key: [id]
    ownership: third-party
    fields: {email: {type: text, category: user.contact.email, identity: contact.email, erase: {pseudonymise: hmac}}}
    non_personal: [result]
    erase: redact
  app.note:
    primary_key: [id]
    ownership: third-party
    references:
      - {column: account_id, to: app.account.id, kind: soft}
      - {column: mail_id, to: app.mail.id, kind: soft}
    fields:
      author: {type: text, category: user.name, erase: {replace: (erased)}}
      ip: {type: inet, category: user.device.ip_address, erase: set-null}
      detail: {type: jsonb, paths: {'$.ip': {category: user.device.ip_address, erase: {redact: node}}, '$.text': {category: user.content, parser: text, erase: {redact: address}}}}
    erase: redact
  app.seen:
    primary_key: [id]
    ownership: third-party
    fields: {email: {type: text, category: user.contact.email, identity: contact.email, erase: with-row}}
    erase: delete
  app.invoice:
    primary_key: [tenant_id, number]
    tenant: tenant_id
    ownership: third-party
    owner: tenant
    legal_basis: legal-obligation
    retention: {keep: P10Y, law: § 147 AO, from: issued}
    non_personal: [issued]
    references:
      - {column: tenant_id, to: app.tenant.id, kind: soft}
      - {column: account_id, to: app.account.id, kind: fk}
    fields:
      email: {type: text, category: user.contact.email, identity: user.email, erase: {keep: invoices are kept as issued}}
    erase: restrict
  app.busy:
    primary_key: [recipient]
    ownership: third-party
    fields: {recipient: {type: text, category: user.contact.email, identity: contact.email, erase: with-row}}
    non_personal: [mails]
    erase: delete
triggers:
  app.card.note_card: {effect: copies-pii, to: app.card_change}
`;

/** How a map begins that has one kind of person, told by an address; and a field with one. */
export const subjects = `version: 1
subjects:
  person: {identities: {email: {normalise: [trim, lower, nfc, idna], variants: [plus-tag]}}}
tables:
`;
export const email = '{type: text, category: user.contact.email, identity: person.email}';
