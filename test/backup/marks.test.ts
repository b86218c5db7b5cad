import { afterAll, beforeAll, expect, test } from 'vitest';
import { createMarks, dropMarks, markedScript, runMarkedScript } from '../../src/lib/backup/restore/marks.ts';
import { type Client, connect } from '../../src/lib/base/postgres.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';

let database: TestDatabase;
let client: Client;
const workingName = 'postern_restore_0123456789abcdef';
const run = (name: string, script: Buffer) =>
  runMarkedScript(client, markedScript(workingName, name, script));

beforeAll(async () => {
  // Before PostgreSQL 17, event triggers cannot be switched off for a session.
  database = await testDatabase({ major: 16 });
  client = await connect({ url: database.url, role: 'test' });
});

afterAll(async () => {
  await client?.end();
  await database?.drop();
});

test('a marked batch is not run again, but for its session settings', async () => {
  await createMarks(client, workingName);
  await client.query('create table counted (n int)');
  const script = Buffer.from(`SET work_mem = '5MB';\ninsert into counted values (1);\n`);
  await run('one.sql', script);
  await client.query('reset work_mem');
  await run('one.sql', script);
  expect((await client.query('select n from counted')).rows).toEqual([{ n: 1 }]);
  expect((await client.query('show work_mem')).rows).toEqual([{ work_mem: '5MB' }]);
  await run('two.sql', script);
  expect((await client.query('select n from counted')).rows).toEqual([{ n: 1 }, { n: 1 }]);
});

test('a batch that fails is undone together with its mark, and can be run again', async () => {
  await client.query('create table late (n int)');
  const failing = Buffer.from('insert into late values (1);\ninsert into missing values (1);\n');
  await expect(run('late.sql', failing)).rejects.toMatchObject({
    code: 'script-failed',
  });
  expect((await client.query('select n from late')).rows).toEqual([]);
  await client.query('create table missing (n int)');
  await run('late.sql', failing);
  expect((await client.query('select n from late')).rows).toEqual([{ n: 1 }]);
});

test('marks go without a word from the event triggers of the database, which are as they were', async () => {
  await client.query(
    `create function forbid() returns event_trigger language plpgsql as $$ begin raise exception 'never'; end $$;
     create event trigger "All of it" on sql_drop execute function forbid();
     create event trigger always on sql_drop execute function forbid(); alter event trigger always enable always;
     create event trigger replica on sql_drop execute function forbid(); alter event trigger replica enable replica;
     create event trigger asleep on sql_drop execute function forbid(); alter event trigger asleep disable;`,
  );
  const states = `select evtname, evtenabled from pg_event_trigger order by evtname collate "C"`;
  const before = await client.query(states);
  await dropMarks(client, workingName);
  expect((await client.query(states)).rows).toEqual(before.rows);
  const left = await client.query('select from pg_namespace where nspname = $1', [workingName]);
  expect(left.rowCount).toBe(0);
  await expect(client.query('drop table counted')).rejects.toThrow('never');
  await expect(dropMarks(client, workingName)).resolves.toBeUndefined();
});
