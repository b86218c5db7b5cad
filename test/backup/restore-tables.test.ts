import { afterAll, beforeAll, expect, test } from 'vitest';
import { backupRestore } from '../../src/lib/backup/restore/kind.ts';
import { restoreOutcome } from '../../src/lib/backup/restore/outcome.ts';
import { planRestore } from '../../src/lib/backup/restore/plan-restore.ts';
import { runBackup } from '../../src/lib/backup/run.ts';
import { withDatabase } from '../../src/lib/base/postgres.ts';
import { applyPlan } from '../../src/lib/operation/apply.ts';
import { savePlan } from '../../src/lib/operation/plan-store.ts';
import { type BackupWorld, backupWorld } from '../support/backup-world.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { sql } from './round-trip.ts';

const schema = `
  create table account (id int primary key, name text unique);
  create table "Mail Box" (id int primary key, account int references account, parent int references "Mail Box");
  create table message (id int, day date, box int references "Mail Box", account int references account, primary key (id, day))
    partition by range (day);
  create table message_old partition of message for values to ('2026-01-01');
  create table message_new partition of message for values from ('2026-01-01') to ('2027-01-01') partition by list (id);
  create table message_new_1 partition of message_new for values in (1, 2);
  create table message_new_rest partition of message_new default;
  create index on message (box);
  create table attachment (id int primary key, message int, day date, foreign key (message, day) references message);
  create materialized view per_account as select account, count(*) from message group by 1;
  insert into account select n, 'a' || n from generate_series(1, 5) n;
  insert into "Mail Box" select n, n, 1 from generate_series(1, 5) n;
  insert into message select n, date '2025-12-30' + n, n, n from generate_series(1, 5) n;
  insert into attachment select n, n, date '2025-12-30' + n from generate_series(1, 5) n;
  select lo_from_bytea(0, 'large');`.replace(
  "for values to ('2026-01-01')",
  "for values from (minvalue) to ('2026-01-01')",
);

let platform: TestDatabase;
let world: BackupWorld;
let setId: string;

beforeAll(async () => {
  platform = await testDatabase();
  await sql(platform.url, schema);
  world = await backupWorld({ platformUrl: platform.url });
  ({ setId } = await runBackup(world.context({ options: { workers: 1 } })));
});
afterAll(async () => {
  await world?.close();
  await platform?.drop();
});

async function restored(
  tables: readonly string[],
  look: (url: string, result: Awaited<ReturnType<typeof restoreOutcome>>) => Promise<void>,
  own: { readonly world: BackupWorld; readonly setId: string; readonly url: string } = {
    world,
    setId,
    url: platform.url,
  },
): Promise<void> {
  const database = `partial_${process.pid}`;
  const context = await own.world.restoreContext();
  const plan = await planRestore(context, own.setId, { database, tables });
  await savePlan(context, plan);
  try {
    const applied = await applyPlan(context, backupRestore, plan.id);
    await look(withDatabase(own.url, database), await restoreOutcome(context, { plan, applied }));
  } finally {
    await sql(own.url, `drop database if exists ${database} with (force)`);
  }
}

const counts = `select (select count(*) from account)::int as account, (select count(*) from "Mail Box")::int as box,
  (select count(*) from message)::int as message, (select count(*) from attachment)::int as attachment`;
const foreignKeys = `select conname as name, convalidated as valid from pg_constraint
  where contype = 'f' and conparentid = 0 order by conname collate "C"`;

test('the rows of the chosen tables come back with the whole schema, and what refers to others is not valid yet', async () => {
  await restored(['public.Mail Box'], async (url, result) => {
    expect(await sql(url, counts)).toEqual([{ account: 0, box: 5, message: 0, attachment: 0 }]);
    expect(await sql(url, foreignKeys)).toEqual([
      { name: 'Mail Box_account_fkey', valid: false },
      { name: 'Mail Box_parent_fkey', valid: true },
      { name: 'attachment_message_day_fkey', valid: true },
      { name: 'message_account_fkey', valid: true },
      { name: 'message_box_fkey', valid: true },
    ]);
    expect(result).toMatchObject({
      tables: 1,
      rows: 5,
      schema: 'equal',
      partial: {
        tables: ['"public"."Mail Box"'],
        foreignKeysNotValid: ['"public"."Mail Box": "Mail Box_account_fkey"'],
        foreignKeysLeftOut: [],
      },
    });
    expect(await sql(url, 'select count(*)::int as n from pg_largeobject_metadata')).toEqual([{ n: 0 }]);
    expect(await sql(url, 'select count(*)::int as n from per_account')).toEqual([{ n: 0 }]);
  });
});

test('a partitioned table means its partitions on every level, and rows that nothing is missing for are checked', async () => {
  await restored(['public.message', '"public"."account"'], async (url, { partial, tables }) => {
    expect(await sql(url, counts)).toEqual([{ account: 5, box: 0, message: 5, attachment: 0 }]);
    expect(tables).toBe(4);
    expect(partial?.tables).toEqual([
      '"public"."account"',
      '"public"."message_new_1"',
      '"public"."message_new_rest"',
      '"public"."message_old"',
    ]);
    expect(partial?.foreignKeysNotValid).toEqual(['"public"."message": "message_box_fkey"']);
    expect(await sql(url, 'select count(*)::int as n from per_account')).toEqual([{ n: 5 }]);
  });
});

test('a part of a partitioned table is not all that a foreign key may refer to', async () => {
  await restored(['public.message_new', 'public.attachment'], async (url, { partial }) => {
    expect(await sql(url, counts)).toEqual([{ account: 0, box: 0, message: 4, attachment: 5 }]);
    expect(partial?.foreignKeysNotValid?.toSorted()).toEqual([
      '"public"."attachment": "attachment_message_day_fkey"',
      '"public"."message": "message_account_fkey"',
      '"public"."message": "message_box_fkey"',
    ]);
  });
});

test('before PostgreSQL 18, foreign keys of partitioned tables are left out and listed', async () => {
  const older = await testDatabase({ major: 17 });
  const own = await backupWorld({ platformUrl: older.url, major: 17 });
  try {
    await sql(older.url, schema);
    const made = await runBackup(own.context({ options: { workers: 1 } }));
    await restored(
      ['public.message'],
      async (url, result) => {
        expect(result.schema).toBe('equal');
        expect(result.partial?.foreignKeysLeftOut).toEqual([
          '"public"."message": "message_account_fkey"',
          '"public"."message": "message_box_fkey"',
        ]);
        const left = await sql<{ name: string }>(url, foreignKeys);
        expect(left.map(({ name }) => name)).toEqual([
          'Mail Box_account_fkey',
          'Mail Box_parent_fkey',
          'attachment_message_day_fkey',
        ]);
      },
      { world: own, setId: made.setId, url: older.url },
    );
  } finally {
    await own.close();
    await older.drop();
  }
});

test.each([
  ['message', 'did you mean public.message?'],
  ['public.acount', 'did you mean public.account?'],
  [
    'public.nothing_like_it',
    'a table is named with its schema: public.message; `postern backup show` lists them',
  ],
])('an unknown table %s is refused with what may be meant', async (name, hint) => {
  const context = await world.restoreContext();
  await expect(planRestore(context, setId, { database: 'never_made', tables: [name] })).rejects.toMatchObject(
    {
      exitCode: 2,
      code: 'table-unknown',
      hints: [hint],
    },
  );
});

test('the plan tells that it is a part, and the certificate will', async () => {
  const context = await world.restoreContext();
  const { body } = await planRestore(context, setId, { database: 'never_made', tables: ['public.account'] });
  expect(body.inputs).toMatchObject({
    tables: ['"public"."account"'],
    destination: 'offsite',
    erasures: 'replay',
  });
  expect(body.effects).toMatchObject({ tables: 1, rows: 5, 'large objects': 0 });
  expect(body.steps.map(({ summary }) => summary)).toContain('load 5 rows into 1 of 6 tables');
  const { predicate } = (await backupRestore.certify?.(context, { body, id: '', text: '' }, [])) ?? {};
  expect(predicate).toMatchObject({ partial: { tables: ['"public"."account"'] } });
});
