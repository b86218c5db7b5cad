import { afterEach, expect, test } from 'vitest';
import { applyPlan } from '../../src/lib/operation/apply.ts';
import { openPlatformForChange } from '../../src/lib/platform/connection.ts';
import { subjectErase } from '../../src/lib/subject/erase/index.ts';
import { type EraseWorld, eraseWorld, plannedErase } from '../support/erase-world.ts';

let world: EraseWorld;
afterEach(() => world.close());

const schema = `create schema app;
create table app.account (id int primary key, email text not null);
create table app.mail (id int primary key, account_id int not null references app.account, body text not null)
  with (autovacuum_enabled = off);
create index on app.mail (account_id);
insert into app.account values (1, 'ann@example.org'), (2, 'bob@example.org');
insert into app.mail select n, 1 + n / 3000, repeat('x', 1000) from generate_series(1, 6000) n where n < 5000;
analyze;`;

const map = `version: 1
subjects: {user: {identities: {email: {normalise: [lower]}}}}
tables:
  app.account:
    primary_key: [id]
    ownership: exclusive
    fields: {email: {type: text, category: user.contact.email, identity: user.email}}
    erase: delete
  app.mail:
    primary_key: [id]
    ownership: exclusive
    references: [{column: account_id, to: app.account.id, kind: fk}]
    fields: {body: {type: text, category: user.content}}
    erase: delete
`;

test('the delete of an account does not walk over every message that went before, with its row locked', async () => {
  world = await eraseWorld({ schema, map });
  const { plan } = await plannedErase(world, 'ann@example.org');
  // What the check of the foreign key will look at, asked right before the account goes.
  const blocks: number[] = [];
  const watched = await world.context({
    subjects: world.seeds(['ann@example.org']),
    openWriter: async () => {
      const db = await openPlatformForChange(world.url);
      const query = db.query.bind(db) as (...args: unknown[]) => Promise<unknown>;
      return Object.assign(db, {
        query: async (...args: unknown[]) => {
          const text = String(args[0]);
          // These servers write their log late, and no row is marked before its end is on the disk: a commit that waits.
          if (text.startsWith('set local enable_seqscan'))
            await world.query(
              'begin; set local synchronous_commit = on; update app.account set email = email where id = 2; commit',
            );
          if (text.startsWith('delete from "app"."account"')) {
            const [row] = await world.query<{ 'QUERY PLAN': { Plan: Record<string, number> }[] }>(
              `explain (analyze, buffers, format json) select from app.mail where account_id = 1`,
            );
            const found = row?.['QUERY PLAN'][0]?.Plan;
            blocks.push((found?.['Shared Hit Blocks'] ?? 0) + (found?.['Shared Read Blocks'] ?? 0));
          }
          return query(...args);
        },
      });
    },
  });
  await applyPlan(watched, subjectErase, plan.id);
  expect(await world.query('select count(*)::int as n from app.mail')).toEqual([{ n: 2000 }]);
  expect(blocks).toEqual([expect.any(Number)]);
  // Three thousand messages fill more than four hundred.
  expect(blocks[0]).toBeLessThan(40);
});
