import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { previewBackup } from '../../src/lib/backup/preview.ts';
import { runBackup } from '../../src/lib/backup/run.ts';
import { chooseSchemaDumper } from '../../src/lib/backup/schema-dump/index.ts';
import { type BackupWorld, backupWorld } from '../support/backup-world.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { failsCleanly, secret } from './fails-cleanly.ts';
import { restoreSet, sql } from './round-trip.ts';

let platform: TestDatabase;
let world: BackupWorld;
const role = `reader_${process.pid}`;

beforeAll(async () => {
  platform = await testDatabase();
  world = await backupWorld({ platformUrl: platform.url });
  await sql(
    platform.url,
    `create table open (id int); insert into open values (1);
     create schema hidden; create table hidden.closed (id int); insert into hidden.closed values (1), (2);
     create table guarded (id int, owner name); insert into guarded values (1, current_user), (2, 'nobody');
     alter table guarded enable row level security;
     create policy own on guarded using (owner = current_user);
     create table numbered (id serial); insert into numbered default values;
     select lo_from_bytea(70001, 'x');
     create role ${role} login password '${secret}'`,
  );
});

afterAll(async () => {
  await sql(platform.url, `drop owned by ${role}; drop role ${role}`);
  await world?.close();
  await platform?.drop();
});

function urlWith(changes: Partial<Record<'username' | 'password' | 'port' | 'pathname', string>>): string {
  return Object.assign(new URL(platform.url), changes).toString();
}

const run = (platformUrl: string) => runBackup(world.context({ platformUrl }));

describe('a platform database', () => {
  test('that cannot be reached, refuses the login, or is not there stops a run before it begins', async () => {
    const cases = [
      [{ port: '1' }, 'database-unreachable'],
      [{ password: secret }, 'database-login'],
      [{ username: 'nobody_of_this_name', password: secret }, 'database-login'],
      [{ pathname: '/no_such_database' }, 'database-missing'],
    ] as const;
    for (const [changes, code] of cases)
      await failsCleanly(run(urlWith(changes)), { exitCode: 1, code }, world);
  });

  test('that is newer than every pg_dump is refused', async () => {
    await failsCleanly(chooseSchemaDumper({ serverVersion: 990_001 }), {
      exitCode: 1,
      code: 'pg-dump-too-old',
    });
  });
});

describe('a backup role', () => {
  const url = () => urlWith({ username: role, password: secret });
  const refused = (message: RegExp) =>
    failsCleanly(run(url()), { exitCode: 1, code: 'privilege-missing', message }, world);

  test('that may not read a table, a sequence, hidden rows or a large object is refused, until it may read everything', async () => {
    await refused(/permission denied/);
    await sql(platform.url, `grant select on all tables in schema public to ${role}`);
    await refused(/permission denied for schema hidden/);
    await sql(
      platform.url,
      `grant usage on schema hidden to ${role}; grant select on hidden.closed to ${role}`,
    );
    await refused(
      /: large object 70001 .*, sequence \S+\.numbered_id_seq \(no SELECT\), \S+\.guarded \(row security would hide rows\)$/,
    );
    await sql(platform.url, `grant pg_read_all_data to ${role}`);
    await refused(/^(?!.*sequence).*guarded \(row security would hide rows\)/);
    await failsCleanly(previewBackup(world.context({ platformUrl: url() })), {
      exitCode: 1,
      code: 'privilege-missing',
    });
    await sql(platform.url, `alter role ${role} bypassrls`);
    await refused(/large object 70001 \(no SELECT on a large object\)/);
    await sql(platform.url, `grant select on large object 70001 to ${role}`);

    const { setId, rows } = await run(url());
    expect(rows).toBe(6);
    const database = `by_reader_${process.pid}`;
    expect(await restoreSet(world, setId, database)).toMatchObject({ schema: 'equal', rows: 6 });
    await sql(platform.url, `drop database ${database} with (force)`);
  });
});
