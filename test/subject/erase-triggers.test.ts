import { afterEach, expect, test } from 'vitest';
import { email, subjects } from '../support/erase-platform.ts';
import { type EraseWorld, erasePerson, eraseWorld } from '../support/erase-world.ts';

/** What the platform's own triggers do while somebody is erased. */
let world: EraseWorld;
afterEach(() => world.close());

const erase = (who: string) => erasePerson(world, who);

test('triggers find the tables that they name without a schema, as they do for the application', async () => {
  world = await eraseWorld({
    schema: `create schema app;
      create table app.person (id int primary key, email text not null, note text);
      create table app.said (id int primary key, person_id int not null references app.person, line text not null);
      create table app.change (id serial primary key, what text not null);
      create table app.sum (changes int not null);
      insert into app.person values (1, 'ann@example.org', null), (2, 'bob@example.org', 'knows ann@example.org');
      insert into app.said values (1, 1, 'x'), (2, 2, 'y');
      insert into app.sum values (0);
      create function app.write_down() returns trigger language plpgsql as $$ begin
        insert into change (what) values (tg_op || ' ' || tg_table_name); return coalesce(new, old); end $$;
      create function app.add_up() returns trigger language plpgsql as $$ begin
        update sum set changes = changes + 1; return null; end $$;
      create trigger write_down before update or delete on app.person for each row execute function app.write_down();
      create trigger write_down after delete on app.said for each row execute function app.write_down();
      create constraint trigger add_up after delete on app.said deferrable initially deferred for each row execute function app.add_up();
      do $$ begin execute format('alter database %I set search_path = app, public', current_database()); end $$;`,
    map: `${subjects}  app.person:
    primary_key: [id]
    ownership: exclusive
    fields: {email: ${email}, note: {type: text, parser: text, category: user.content, erase: {redact: address}}}
    erase: delete
  app.said: {primary_key: [id], ownership: exclusive, references: [{column: person_id, to: app.person.id, kind: fk}], fields: {line: {type: text, category: user.content}}, erase: delete}
triggers:
  app.person.write_down: {effect: none}
  app.said.write_down: {effect: none}
  app.said.add_up: {effect: none}
ignore: [{table: app.change, reason: names tables only}, {table: app.sum, reason: a number}]
`,
  });
  await erase('ann@example.org');
  expect(await world.query('select id, note from app.person')).toEqual([
    { id: 2, note: 'knows erased@erased.invalid' },
  ]);
  expect(await world.query('select what from app.change order by id')).toEqual([
    { what: 'UPDATE person' },
    { what: 'DELETE said' },
    { what: 'DELETE person' },
  ]);
  expect(await world.query('select changes from app.sum')).toEqual([{ changes: 1 }]);
});

test('what a trigger puts in anew under the same key goes as well', async () => {
  world = await eraseWorld({
    schema: `create schema app;
      create table app.person (email text primary key);
      create table app.part (email text, part text, primary key (email, part));
      create table app.event (id serial primary key, email text not null);
      create table app.queue (email text primary key, at timestamptz not null default now());
      insert into app.person values ('ann@example.org'), ('bob@example.org');
      insert into app.part values ('ann@example.org', 'a'), ('bob@example.org', 'a');
      insert into app.queue values ('ann@example.org'), ('bob@example.org');
      create function app.left_part() returns trigger language plpgsql as $$ begin
        insert into app.event (email) values (old.email); return old; end $$;
      create function app.enqueue() returns trigger language plpgsql as $$ begin
        insert into app.queue (email) values (new.email) on conflict (email) do update set at = now(); return new; end $$;
      create trigger left_part after delete on app.part for each row execute function app.left_part();
      create trigger enqueue after insert on app.event for each row execute function app.enqueue();`,
    map: `${subjects}  app.person: {primary_key: [email], ownership: exclusive, fields: {email: ${email}}, erase: delete}
  app.queue: {primary_key: [email], ownership: exclusive, references: [{column: email, to: app.person.email, kind: soft}], fields: {email: ${email}}, non_personal: [at], erase: delete}
  app.event: {primary_key: [id], ownership: exclusive, references: [{column: email, to: app.person.email, kind: soft}], fields: {email: ${email}}, erase: delete}
  app.part: {primary_key: [email, part], ownership: exclusive, references: [{column: email, to: app.person.email, kind: soft}], fields: {email: ${email}}, erase: delete}
triggers:
  app.part.left_part: {effect: copies-pii, to: app.event}
  app.event.enqueue: {effect: copies-pii, to: app.queue}
`,
  });
  const done = await erase('ann@example.org');
  for (const table of ['person', 'part', 'queue'])
    expect(await world.query(`select email from app.${table}`), table).toEqual([
      { email: 'bob@example.org' },
    ]);
  expect(await world.query('select email from app.event')).toEqual([]);
  expect(done?.left).toEqual([]);
});
