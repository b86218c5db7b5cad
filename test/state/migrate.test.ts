import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Client, connect } from '../../src/lib/base/postgres.ts';
import { sha256Hex } from '../../src/lib/crypto/sha256.ts';
import { migrateState } from '../../src/lib/state/migrate.ts';
import { type MigrationFile, readMigrationFiles } from '../../src/lib/state/migration-file.ts';
import { requireCurrentState, stateStatus } from '../../src/lib/state/status.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';

const opened: { readonly database: TestDatabase; readonly client: Client }[] = [];
let files: readonly MigrationFile[];

beforeAll(async () => {
  files = await readMigrationFiles();
});

afterAll(async () => {
  for (const { client, database } of opened) {
    await client.end();
    await database.drop();
  }
});

async function emptyDatabase(encoding?: string): Promise<Client> {
  const database = await testDatabase(encoding === undefined ? {} : { encoding });
  const client = await connect({ url: database.url, role: 'state database' });
  opened.push({ database, client });
  return client;
}

const broken: MigrationFile = {
  version: 1,
  title: 'broken',
  sql: 'create table postern.half (a int); select 1 / 0',
  sha256: sha256Hex('broken'),
};

test('an empty database is migrated once, and a second run finds nothing to do', async () => {
  const client = await emptyDatabase();
  const first = await migrateState(client);
  expect(first).toMatchObject({ version: files.length });
  expect(first.applied).toHaveLength(files.length);
  expect((await migrateState(client)).applied).toEqual([]);
  expect(await stateStatus(client)).toMatchObject({ state: 'current', version: files.length, pending: [] });
  await expect(requireCurrentState(client)).resolves.toBeUndefined();
});

test('a database that was never migrated is reported, with the command that mends it', async () => {
  const client = await emptyDatabase();
  expect(await stateStatus(client)).toMatchObject({
    state: 'not migrated',
    version: 0,
    newest: files.length,
  });
  await expect(requireCurrentState(client)).rejects.toMatchObject({
    exitCode: 2,
    code: 'state-not-migrated',
    hints: [expect.stringContaining('postern state migrate')],
  });
});

test('a database that is behind is told from one that was never migrated', async () => {
  const client = await emptyDatabase();
  await migrateState(client, { files: files.slice(0, 1) });
  expect(await stateStatus(client)).toMatchObject({ state: 'behind', version: 1 });
  await expect(requireCurrentState(client)).rejects.toMatchObject({ code: 'state-not-migrated' });
  expect((await migrateState(client)).applied.map(({ version }) => version)).toEqual(
    files.slice(1).map(({ version }) => version),
  );
});

test('a migration that was changed after it was applied is an integrity error', async () => {
  const client = await emptyDatabase();
  await migrateState(client);
  await client.query(`update postern.schema_migration set sha256 = repeat('0', 64) where version = 1`);
  await expect(migrateState(client)).rejects.toMatchObject({ exitCode: 5, code: 'migration-changed' });
  await expect(requireCurrentState(client)).rejects.toMatchObject({ exitCode: 5, code: 'migration-changed' });
});

test('a schema newer than this postern is refused, and nothing is changed', async () => {
  const client = await emptyDatabase();
  await migrateState(client);
  await client.query(
    `insert into postern.schema_migration (version, title, sha256) values (99, 'later', 'x')`,
  );
  await expect(migrateState(client)).rejects.toMatchObject({ exitCode: 6, code: 'state-newer' });
  await expect(requireCurrentState(client)).rejects.toMatchObject({ exitCode: 6, code: 'state-newer' });
});

test('a migration that fails is undone as a whole, and the same command goes on once it is mended', async () => {
  const client = await emptyDatabase();
  await expect(migrateState(client, { files: [broken] })).rejects.toMatchObject({
    exitCode: 1,
    code: 'migration-failed',
  });
  const { rows } = await client.query(`select to_regclass('postern.half') as half`);
  expect(rows).toEqual([{ half: null }]);
  expect((await migrateState(client)).applied).toHaveLength(files.length);
});

test('two migrations at once do not meet: the second finds the lock held', async () => {
  const client = await emptyDatabase();
  const second = await connect({ url: opened.at(-1)?.database.url ?? '', role: 'state database' });
  const outcomes = await Promise.allSettled([migrateState(client), migrateState(second)]);
  await second.end();
  const failed = outcomes.filter((outcome) => outcome.status === 'rejected');
  for (const { reason } of failed) expect(reason).toMatchObject({ exitCode: 11 });
  expect(failed.length).toBeLessThan(2);
  expect((await stateStatus(client)).state).toBe('current');
});

test('a database whose encoding is not UTF8 is refused before anything is made in it', async () => {
  const client = await emptyDatabase('LATIN1');
  await expect(migrateState(client)).rejects.toMatchObject({ exitCode: 2, code: 'state-encoding' });
  const { rows } = await client.query(`select to_regnamespace('postern') as schema`);
  expect(rows).toEqual([{ schema: null }]);
});
