import { expect, it } from 'vitest';
import { drafted } from './drafted.ts';
import { canary } from './scan-schemas/planted.ts';

it('takes ids of messages for no addresses, by the name of their column', async () => {
  const { map, text } = await drafted(`
    create table mail (id int primary key, message_id text, "inReplyTo" text, sender text);
    insert into mail select n, '<' || n || '.x@mta.example.org>', n || '@mta.example.org', 'p' || n || '@example.org' from generate_series(1, 30) n`);
  const fields = map.tables['public.mail']?.fields;
  for (const name of ['message_id', 'inReplyTo'])
    expect(fields?.[name]).toEqual({
      type: 'text',
      category: 'system.operations',
      erase: { keep: 'ids of messages look as addresses do' },
    });
  expect(fields?.['sender']).toMatchObject({ identity: 'person.email' });
  expect(text).toContain('by its name they are ids of messages');
});

it('puts an address together whose local part and domain have columns of their own', async () => {
  const { map, text, rules } = await drafted(`
    create table domain (id int primary key, name text not null unique, contact text);
    create table mailbox (id int primary key, local_part text not null, domain_id int not null references domain, title text);
    create table box (id int primary key, address text, domain_id int references domain);
    create table seen (id int primary key, "localPart" text, domain varchar(80), login text, note text);
    create table host (id int primary key, local text, first_domain text, second_domain text);
    create table login (id int primary key, username text, domain text);
    insert into domain values (1, 'example.org', 'x'), (2, 'münster.example', 'y');
    insert into mailbox select n, '${canary}' || n, n % 2 + 1, 'a.b' from generate_series(1, 20) n;
    insert into box select id, local_part, domain_id from mailbox;
    insert into seen select n, '${canary}' || n, 'example.org', 'x' || n, 'example.org' from generate_series(1, 20) n;
    insert into host select n, '${canary}' || n, 'example.org', 'example.net' from generate_series(1, 20) n;
    insert into login select n, '${canary}' || n || '@example.org', 'example.org' from generate_series(1, 20) n`);
  expect(rules).toEqual([]);
  const field = (table: string, column: string) => map.tables[`public.${table}`]?.fields?.[column];
  const common = { category: 'user.contact.email', identity: 'person.email' };
  expect(field('mailbox', 'local_part')).toMatchObject({
    ...common,
    domain: { column: 'name', by: 'domain' },
  });
  expect(field('box', 'address')).toMatchObject({
    ...common,
    identity: 'TODO',
    domain: { column: 'name', by: 'domain' },
  });
  expect(field('seen', 'localPart')).toMatchObject({ ...common, domain: { column: 'domain' } });
  expect(text).toContain('local parts of addresses, by its name: 20 of 20 values of domain are domains');
  // Of two, a person has to say which; a whole address needs none.
  expect(field('host', 'local')).not.toHaveProperty('domain');
  expect(field('login', 'username')).not.toHaveProperty('domain');
});

it('looks into what cannot be written anew without an address, and has it go as a whole', async () => {
  const { map } = await drafted(`
    create table post (id int primary key, words tsvector, made tsvector generated always as (words) stored, must tsvector not null);
    insert into post (id, words, must) select n, to_tsvector('simple', t), to_tsvector('simple', t) from
      (select n, 'of ${canary}' || n || '@example.org' as t from generate_series(1, 30) n) v`);
  const common = { type: 'tsvector', category: 'user.contact.email', parser: 'text' };
  expect(map.tables['public.post']?.fields).toMatchObject({
    words: { ...common, erase: 'set-null' },
    made: { ...common, erase: 'TODO' },
    must: { ...common, erase: 'TODO' },
  });
});

it('asks whose addresses several tables hold that lead to persons without one', async () => {
  const { map } = await drafted(`
    create table users (id int primary key, name text); create table user_email (id int primary key, user_id int references users, email text);
    create table wish (id int primary key, user_id int references users, ask text);
    create table members (id int primary key); create table member_email (id int primary key, member_id int references members, email text);
    insert into users select n, 'x' from generate_series(1, 20) n; insert into members select id from users;
    insert into user_email select id, id, 'u' || id || '@example.org' from users;
    insert into wish select id, id, 'w' || id || '@example.org' from users;
    insert into member_email select id, id, 'm' || id || '@example.org' from users`);
  const identity = (table: string, column: string) =>
    map.tables[`public.${table}`]?.fields?.[column]?.identity;
  expect(identity('user_email', 'email')).toBe('TODO');
  expect(identity('wish', 'ask')).toBe('TODO');
  expect(identity('member_email', 'email')).toBe('person.email');
});

it('takes the name of a firm for no tenant', async () => {
  const { map } = await drafted(`
    create table org (id int primary key); create table card (id int primary key, organization text, email text);
    create table member (id int primary key, organization int references org, tenant_id text, email text)`);
  expect(map.tables['public.card']?.tenant).toBeUndefined();
  expect(map.tables['public.card']?.fields).toHaveProperty('organization');
  expect(map.tables['public.member']?.tenant).toBe('organization');
});
