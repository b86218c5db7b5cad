import { afterEach, expect, test } from 'vitest';
import { email, subjects } from '../support/erase-platform.ts';
import { type EraseWorld, erasePerson, eraseWorld } from '../support/erase-world.ts';

let world: EraseWorld;
afterEach(() => world.close());

/** As platforms have it on every table: who entered a row. */
const entered = `create schema app;
  create table app.staff (id int primary key, email text not null);
  create table app.subscriber (id int primary key, email text not null, entered_by int references app.staff on delete set null);
  insert into app.staff values (1, 'eva@firm.example'), (2, 'tom@firm.example');
  insert into app.subscriber values (1, 'ann@example.org', 1), (2, 'bob@example.org', 1), (3, 'carl@c.example', 2);`;
const map = `${subjects}  app.staff: {primary_key: [id], ownership: exclusive, fields: {email: ${email}}, erase: delete}
  app.subscriber:
    primary_key: [id]
    ownership: exclusive
    owner: []
    references: [{column: entered_by, to: app.staff.id, kind: fk}]
    fields: {email: ${email}}
    erase: delete
`;

test('a row whose references lead to no owner is that of its own person, whoever entered it', async () => {
  world = await eraseWorld({ schema: entered, map });
  await erasePerson(world, 'ann@example.org');
  expect(await world.query('select id, entered_by from app.subscriber order by id')).toEqual([
    { id: 2, entered_by: 1 },
    { id: 3, entered_by: 2 },
  ]);
  await erasePerson(world, 'eva@firm.example');
  expect(await world.query('select id, entered_by, email from app.subscriber order by id')).toEqual([
    { id: 2, entered_by: null, email: 'bob@example.org' },
    { id: 3, entered_by: 2, email: 'carl@c.example' },
  ]);
});
