import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { backupRestore } from '../../src/lib/backup/restore/kind.ts';
import { planRestore } from '../../src/lib/backup/restore/plan-restore.ts';
import { runBackup } from '../../src/lib/backup/run.ts';
import { showSet } from '../../src/lib/backup/show.ts';
import { withDatabase } from '../../src/lib/base/postgres.ts';
import { generateKeyPair } from '../../src/lib/crypto/openpgp-key.ts';
import { applyPlan } from '../../src/lib/operation/apply.ts';
import { savePlan } from '../../src/lib/operation/plan-store.ts';
import { type BackupWorld, backupWorld } from '../support/backup-world.ts';
import { type TestDatabase, testDatabase, testServer } from '../support/postgres.ts';
import { type ExpectedFailure, failsCleanly, secret } from './fails-cleanly.ts';
import { sql } from './round-trip.ts';

let platform: TestDatabase;
let world: BackupWorld;
let setId: string;
const role = `creator_${process.pid}`;

beforeAll(async () => {
  platform = await testDatabase();
  await sql(platform.url, 'create table t (id int); insert into t values (1)');
  world = await backupWorld({ platformUrl: platform.url });
  ({ setId } = await runBackup(world.context()));
  await sql(platform.url, `create role ${role} login createdb password '${secret}'`);
});

afterAll(async () => {
  await sql(platform.url, `drop role ${role}`);
  await world?.close();
  await platform?.drop();
});

type Changes = Parameters<BackupWorld['restoreContext']>[0];

async function refused(
  expected: ExpectedFailure,
  own: { readonly changes?: Changes; readonly set?: string; readonly database?: string } = {},
): Promise<void> {
  const context = await world.restoreContext(own.changes);
  await failsCleanly(
    planRestore(context, own.set ?? setId, { database: own.database ?? 'never_made' }),
    expected,
  );
  const left = await sql(
    platform.url,
    `select datname from pg_database where datname like 'postern\\_restore%' or datname = 'never_made'`,
  );
  expect(left).toEqual([]);
}

test('a database that exists is not touched', async () => {
  await refused({ exitCode: 6, code: 'target-exists' }, { database: platform.name });
  await refused({ exitCode: 6, code: 'target-exists' }, { database: 'postgres' });
});

test('a database that appears between plan and apply is not touched', async () => {
  const context = await world.restoreContext();
  const plan = await planRestore(context, setId, { database: 'too_late' });
  await savePlan(context, plan);
  await sql(platform.url, 'create database too_late');
  await failsCleanly(applyPlan(context, backupRestore, plan.id), { exitCode: 6, code: 'plan-stale' });
  await sql(platform.url, 'drop database too_late');
});

test('names that no database can have are refused', async () => {
  for (const database of ['', 'x'.repeat(64), 'ä'.repeat(32), 'a\0b']) {
    await refused({ exitCode: 2, code: 'name-invalid' }, { database });
  }
});

test('a set that is not there, or that has no name of a set, is refused', async () => {
  for (const set of ['20200101T000000Z-00000000', '', '../other', `${setId}/`, `${setId}\n`, 'latest']) {
    await refused({ exitCode: 2, code: 'set-missing' }, { set });
  }
});

test('a server older than the source is refused', async () => {
  const { url } = await testServer(17);
  await refused({ exitCode: 6, code: 'target-older' }, { changes: { serverUrl: url } });
});

test('a server that cannot be reached or refuses the login, and a login that is no superuser, are refused', async () => {
  const at = (changes: object): Changes => ({
    serverUrl: Object.assign(new URL(platform.url), changes).toString(),
  });
  await refused({ exitCode: 1, code: 'database-unreachable' }, { changes: at({ port: '1' }) });
  await refused({ exitCode: 1, code: 'database-login' }, { changes: at({ password: secret }) });
  await refused(
    { exitCode: 6, code: 'privilege-missing' },
    { changes: at({ username: role, password: secret }) },
  );
});

test('a key that cannot open the set, is locked or public is refused', async () => {
  const key = async (passphrase?: string) =>
    generateKeyPair({
      name: 'other',
      email: 'other@example.org',
      purpose: 'encrypt',
      ...(passphrase === undefined ? {} : { passphrase }),
    });
  const other = await key();
  const locked = await key(secret);
  await refused(
    { exitCode: 1, code: 'not-for-these-keys' },
    { changes: { secretKeys: { armored: [other.secretKey] } } },
  );
  const cases = [
    [{ armored: [locked.secretKey] }, 'secret-key-locked'],
    [{ armored: [locked.secretKey], passphrase: 'wrong' }, 'secret-key-locked'],
    [{ armored: [other.publicKey] }, 'secret-key-is-public'],
    [{ armored: ['no key'] }, 'secret-key-unreadable'],
  ] as const;
  for (const [secretKeys, code] of cases) await refused({ exitCode: 2, code }, { changes: { secretKeys } });
});

test('an extension that the server lacks is named before anything is made', async () => {
  const database = await testDatabase();
  const folder = await offerExtension(database.url);
  await sql(database.url, 'create extension only_here');
  const run = await runBackup(world.context({ platformUrl: database.url }));
  await sql(database.url, `alter role current_user reset extension_control_path`);
  await refused({ exitCode: 6, code: 'extension-missing', message: /only_here 1\.0/ }, { set: run.setId });
  await database.drop();
  await folder.remove();
});

test('a set is shown without a key, and not with one that cannot open it', async () => {
  expect(await showSet(world.sets, setId, undefined)).toMatchObject({ setId, manifest: null });
  expect(await showSet(world.sets, setId, world.secretKeys)).toMatchObject({
    manifest: { sources: [{ rows: 1 }] },
  });
  const other = await generateKeyPair({ name: 'x', email: 'x@example.org', purpose: 'encrypt' });
  await failsCleanly(showSet(world.sets, setId, { armored: [other.secretKey] }), {
    exitCode: 1,
    code: 'not-for-these-keys',
  });
});

/** Lets this login use an extension that comes from a folder of its own. */
async function offerExtension(url: string): Promise<{ remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-extension-'));
  await chmod(folder, 0o755);
  await mkdir(join(folder, 'extension'), { mode: 0o755 });
  await writeFile(join(folder, 'extension/only_here.control'), `default_version = '1.0'\n`);
  await writeFile(
    join(folder, 'extension/only_here--1.0.sql'),
    'create function only_here() returns int language sql as $$ select 1 $$;\n',
  );
  await sql(
    withDatabase(url, 'postgres'),
    `alter role current_user set extension_control_path = '$system:${folder}'`,
  );
  return { remove: () => rm(folder, { recursive: true }) };
}
