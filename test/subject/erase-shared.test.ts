import { afterEach, expect, test } from 'vitest';
import { applyPlan } from '../../src/lib/operation/apply.ts';
import { subjectErase } from '../../src/lib/subject/erase/index.ts';
import { eraseMap, eraseSchema } from '../support/erase-platform.ts';
import { type EraseWorld, erasePerson, eraseWorld, plannedErase } from '../support/erase-world.ts';

let world: EraseWorld;
afterEach(() => world.close());

/** Pieces of the bodies that several may hold; a piece may stand alone. */
const pieces = `
create table app.piece (id int primary key, body_id int references app.body, content text not null);
create index on app.piece (body_id);
insert into app.piece values (1, 1, 'of Ann alone'), (2, 2, 'of both'), (3, 3, 'of Bob alone');`;

const pieceMap = `
  app.piece:
    primary_key: [id]
    ownership: shared
    references: [{column: body_id, to: app.body.id, kind: fk}]
    fields: {content: {type: text, parser: text, category: user.content, erase: {redact: address}}}
    erase: {when_last_owner: delete, else: detach}
  app.copy:`;

const withPieces = (rule: 'detach' | 'redact') => ({
  schema: eraseSchema + pieces,
  map: eraseMap
    .replace('\n  app.copy:', pieceMap)
    .replace(
      /(app\.body:[\s\S]*?erase: \{when_last_owner: delete, else: )detach/,
      (_, before: string) => before + rule,
    ),
});

const left = [
  { id: 2, body_id: 2, content: 'of both' },
  { id: 3, body_id: 3, content: 'of Bob alone' },
];

test('what belongs to a row that others keep stays with them, and stays where it is', async () => {
  world = await eraseWorld(withPieces('detach'));
  await erasePerson(world, 'ann@example.org');
  expect(await world.query('select * from app.piece order by id')).toEqual(left);
});

test('so it does where the map redacts the row that others keep', async () => {
  world = await eraseWorld(withPieces('redact'));
  await erasePerson(world, 'ann@example.org');
  expect(await world.query('select * from app.piece order by id')).toEqual(left);
});

test('of two who share a row and are erased at the same time, neither leaves it', async () => {
  world = await eraseWorld();
  const bob = await plannedErase(world, 'bob@example.org');
  const ann = await plannedErase(world, 'ann@example.org');
  const between: typeof subjectErase = {
    ...subjectErase,
    applyStep: async (context, plan, index, journal) => {
      // Ann's rows are frozen, and Bob still has his share in them.
      if (plan.body.steps[index]?.kind === 'ledger') await applyPlan(bob.context, subjectErase, bob.plan.id);
      return subjectErase.applyStep(context, plan, index, journal);
    },
  };
  await applyPlan(ann.context, between, ann.plan.id);
  expect(await world.query('select id from app.body')).toEqual([]);
});

test('where nobody has an address, nothing says that nothing is left', async () => {
  world = await eraseWorld();
  await world.query(`update app.account set email = 'none', email_key = 'none' where id = 20`);
  const done = await erasePerson(world, 'user.id=20');
  expect(done).toMatchObject({ left: [], unasked: [{ source: 'what is left' }] });
});
