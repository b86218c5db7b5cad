import { canary, type PlantedSchema } from './planted.ts';

/** A hosting panel whose keys are addresses themselves: lists in text, HTML, XML, vCards, JSON in text and in arrays. */
export const panelSchema: PlantedSchema = {
  name: 'addresses as keys, and in text of many formats',
  sql: `
create type postbox as (label text, target text);
create table mailbox (username varchar(255) primary key, domain varchar(255) not null, maildir varchar(255) not null, active boolean not null);
create table alias (address varchar(255) primary key, goto text not null, owner varchar(255) references mailbox(username) on delete cascade);
create table vacation (email varchar(255) primary key references mailbox(username), body text, forward postbox);
create table fetchmail (id uuid primary key default gen_random_uuid(), mailbox varchar(255) not null, src_auth text, remote jsonb[], extra text[][]);
create table address_book (id bigint generated always as identity primary key, username text not null, card text, signature_html text, prefs text, feed xml, search tsvector);
create table address_book_archive (archived_at date) inherits (address_book);
create table job (job_id uuid primary key default gen_random_uuid(), fetchmail_id uuid, progress numeric, note char(300), options jsonb);
create table empty_inbox (id int primary key, sender text, body bytea);
insert into mailbox select case n when 1 then 'JÖRG.${canary}@müller-post.example' else '${canary}' || n || '@example.org' end, 'example.org', 'x/' || n, true from generate_series(1, 25) n;
insert into alias select 'sales' || row_number() over () || '@example.org', username || ',' || 'b.${canary}@example.org', username from mailbox;
insert into vacation select username, 'Away. Write to ' || username || ' later', row('away'::text, username::text)::postbox from mailbox where username !~ '9';
insert into fetchmail (mailbox, src_auth, remote, extra) select upper(username), 'LOGIN', array[jsonb_build_object('u', username)],
  array[array['none', encode(convert_to(lower(username) || ' is who', 'UTF8'), 'base64')]] from mailbox where username like '${canary}%';
insert into address_book (username, card, signature_html, prefs, feed, search) select username,
  E'BEGIN:VCARD\\r\\nVERSION:4.0\\r\\nFN:x\\r\\nEMAIL:' || username || E'\\r\\nEND:VCARD\\r\\n',
  '<p>Write <a href="mailto:' || username || '">me</a></p>', '{"to": "' || username || '"}', ('<x to="' || username || '"/>')::xml, to_tsvector('simple', username)
from mailbox where username like '${canary}%';
insert into address_book_archive (id, username, card) select 1, 'old.${canary}@example.org', null;
insert into job (fetchmail_id, progress, note, options) select id, 0.5, 'for ${canary}@example.org',
  jsonb_build_object('users', jsonb_build_object('${canary}' || row_number() over (), jsonb_build_object('email', '${canary}@example.org'))) from fetchmail;
`,
  planted: [
    {
      table: 'public.mailbox',
      column: 'username',
      says: 'each the whole of it',
      entry: {
        type: 'character varying(255)',
        category: 'user.contact.email',
        identity: 'person.email',
        erase: 'TODO',
      },
    },
    { table: 'public.alias', column: 'address', says: 'each the whole of it' },
    {
      table: 'public.alias',
      column: 'goto',
      says: 'address-list',
      entry: {
        type: 'text',
        category: 'user.contact.email',
        parser: 'address-list',
        erase: { redact: 'address' },
      },
    },
    { table: 'public.alias', column: 'owner', says: 'each the whole of it' },
    { table: 'public.vacation', column: 'email', says: 'each the whole of it' },
    { table: 'public.vacation', column: 'body', says: 'inside text' },
    { table: 'public.vacation', column: 'forward', says: 'in clear' },
    { table: 'public.fetchmail', column: 'mailbox', says: 'each the whole of it' },
    { table: 'public.fetchmail', column: 'remote', says: 'json' },
    { table: 'public.fetchmail', column: 'extra', says: 'in base64' },
    { table: 'public.address_book', column: 'username', says: 'each the whole of it' },
    { table: 'public.address_book', column: 'card', says: 'vcard' },
    { table: 'public.address_book', column: 'signature_html', says: 'html' },
    {
      table: 'public.address_book',
      column: 'prefs',
      says: 'json',
      entry: { type: 'text', category: 'user.contact.email', parser: 'json', erase: { redact: 'address' } },
    },
    { table: 'public.address_book', column: 'feed', says: 'in clear' },
    { table: 'public.address_book', column: 'search', says: 'in clear' },
    { table: 'public.address_book_archive', column: 'username', says: 'in 1 of 1 value' },
    { table: 'public.job', column: 'note', says: 'inside text' },
    { table: 'public.job', column: 'options', paths: ['$.users.*.email'], says: 'each the whole of it' },
  ],
  clean: [
    ['public.mailbox', 'domain'],
    ['public.fetchmail', 'src_auth'],
    ['public.empty_inbox', 'sender'],
    ['public.empty_inbox', 'body'],
    ['public.address_book_archive', 'card'],
  ],
  soft: [
    ['public.fetchmail.mailbox', 'public.mailbox.username'],
    ['public.job.fetchmail_id', 'public.fetchmail.id'],
  ],
};
