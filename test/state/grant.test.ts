import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Client, connect, withConnection } from '../../src/lib/base/postgres.ts';
import { migrateState } from '../../src/lib/state/migrate.ts';
import { stateStatus } from '../../src/lib/state/status.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';

const role = `runtime "${process.pid}"`;
let database: TestDatabase;
let owner: Client;
let runtime: Client;

beforeAll(async () => {
  database = await testDatabase();
  owner = await connect({ url: database.url, role: 'state database' });
  await owner.query(`create role ${quoted(role)} login password 'runtime'`);
  await migrateState(owner, { grantTo: role });
  const url = new URL(database.url);
  url.username = encodeURIComponent(role);
  url.password = 'runtime';
  runtime = await connect({ url: url.toString(), role: 'state database' });
});

afterAll(async () => {
  await runtime.end();
  await owner.query(`drop owned by ${quoted(role)}`);
  await owner.query(`drop role ${quoted(role)}`);
  await owner.end();
  await database.drop();
});

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

const appendOnly = [
  'audit_entry',
  'plan',
  'plan_approval',
  'plan_journal',
  'certificate',
  'backup_check',
  'erasure',
  'hold',
  'hold_person',
  'hold_row',
  'hold_release',
  'objection_event',
  'objection_hash',
  'offboarding',
  'offboarding_event',
];

test.each(appendOnly)('the runtime role can neither update, delete nor truncate %s', async (table) => {
  const column = {
    audit_entry: 'body',
    plan: 'text',
    plan_approval: 'signature',
    plan_journal: 'event',
    backup_check: 'kind',
    erasure: 'kind',
    hold: 'reason',
    hold_person: 'hash',
    hold_row: 'hash',
    hold_release: 'reason',
    objection_event: 'channel',
    objection_hash: 'hash',
    offboarding: 'reason',
    offboarding_event: 'kind',
  }[table];
  const statements = [
    `update postern.${table} set ${column ?? 'envelope'} = 'x'`,
    `delete from postern.${table}`,
    `truncate postern.${table} cascade`,
    `alter table postern.${table} disable trigger all`,
  ];
  for (const statement of statements) {
    await expect(runtime.query(statement)).rejects.toMatchObject({ code: '42501' });
  }
  await expect(runtime.query(`select count(*) from postern.${table}`)).resolves.toBeDefined();
});

test.each(appendOnly)('not even the owner can update, delete or truncate %s', async (table) => {
  const message = expect.stringContaining('append-only');
  await expect(owner.query(`delete from postern.${table}`)).rejects.toMatchObject({ message });
  await expect(owner.query(`truncate postern.${table} cascade`)).rejects.toMatchObject({ message });
  const { rows } = await owner.query<{ name: string }>(
    `select attname as name from pg_attribute where attrelid = $1::regclass and attnum > 0
       and attidentity = '' limit 1`,
    [`postern.${table}`],
  );
  await expect(
    owner.query(`update postern.${table} set ${rows[0]?.name} = ${rows[0]?.name}`),
  ).rejects.toMatchObject({ message });
});

test('switching triggers to replica mode does not open an append-only table', async () => {
  await owner.query(`begin; set local session_replication_role = replica`);
  await expect(owner.query('delete from postern.audit_entry')).rejects.toMatchObject({
    message: expect.stringContaining('append-only'),
  });
  await owner.query('rollback');
});

test('the runtime role may not choose the time of a journal entry', async () => {
  await expect(
    runtime.query(
      `insert into postern.plan_journal (plan_id, event, detail, at) values ('x', 'started', '{}', now())`,
    ),
  ).rejects.toMatchObject({ code: '42501' });
});

test('the runtime role may note the end of a backup set, but not rename it or delete it', async () => {
  await runtime.query(
    `insert into postern.backup_set (set_id, profile, started_at) values ('s1', 'test', now())`,
  );
  await runtime.query(`update postern.backup_set set state = 'failed', finished_at = now()`);
  await expect(runtime.query(`update postern.backup_set set set_id = 's2'`)).rejects.toMatchObject({
    code: '42501',
  });
  await expect(runtime.query('delete from postern.backup_set')).rejects.toMatchObject({ code: '42501' });
});

test('the runtime role cannot migrate, and sees the status', async () => {
  expect((await stateStatus(runtime)).state).toBe('current');
  await expect(runtime.query('create table postern.mine ()')).rejects.toMatchObject({ code: '42501' });
  await expect(runtime.query(`delete from postern.schema_migration`)).rejects.toMatchObject({
    code: '42501',
  });
});

test('a role without any grant is told what to do', async () => {
  await owner.query(`create role stranger_${process.pid} login password 'x'`);
  const url = new URL(database.url);
  url.username = `stranger_${process.pid}`;
  url.password = 'x';
  await withConnection({ url: url.toString(), role: 'state database' }, async (stranger) => {
    await expect(stateStatus(stranger)).rejects.toMatchObject({ exitCode: 2, code: 'state-privilege' });
  });
  await owner.query(`drop role stranger_${process.pid}`);
});

test('a superuser and a missing role are no runtime roles', async () => {
  const { rows } = await owner.query<{ name: string }>('select current_user as name');
  await expect(migrateState(owner, { grantTo: rows[0]?.name ?? '' })).rejects.toMatchObject({
    code: 'runtime-role-too-powerful',
  });
  await expect(migrateState(owner, { grantTo: 'nobody here' })).rejects.toMatchObject({
    code: 'runtime-role-missing',
  });
});
