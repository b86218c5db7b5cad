import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RestoreContext } from '../../src/lib/backup/restore/context.ts';
import { backupRestore } from '../../src/lib/backup/restore/kind.ts';
import { planRestore } from '../../src/lib/backup/restore/plan-restore.ts';
import { runBackup } from '../../src/lib/backup/run.ts';
import { withDatabase } from '../../src/lib/base/postgres.ts';
import { applyPlan } from '../../src/lib/operation/apply.ts';
import { progressOf, readJournal } from '../../src/lib/operation/journal.ts';
import { savePlan } from '../../src/lib/operation/plan-store.ts';
import { type BackupWorld, backupWorld, destinationOf, platformSource } from '../support/backup-world.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { manifestOf } from './restored-equals.ts';
import { sql } from './round-trip.ts';

const day = 86_400_000;
let platform: TestDatabase;
let world: BackupWorld;
let older: string;
let younger: string;

const keys = "select id::int, encode(dek, 'hex') as dek, note from keys.subject order by id";

const source = () => ({
  ...platformSource(platform.url),
  wrappedKeys: [
    { table: 'keys.subject', column: 'dek' },
    { table: 'keys.subject', column: 'note' },
  ],
});

const run = () =>
  runBackup(
    world.context({
      sources: [source()],
      destinations: [
        destinationOf(world.sets, {
          lock: { mode: 'governance', duration: 365 * day },
          keyringLock: { mode: 'governance', duration: 35 * day },
        }),
      ],
    }),
  );

beforeAll(async () => {
  platform = await testDatabase();
  await sql(
    platform.url,
    `create schema keys;
     create table keys.subject (id bigint, region text, dek bytea not null check (octet_length(dek) = 8), note text,
       plain text, primary key (id, region)) partition by list (region);
     create table keys.subject_eu partition of keys.subject for values in ('eu');
     create table keys.subject_us partition of keys.subject for values in ('us');
     insert into keys.subject select n, case n % 2 when 0 then 'eu' else 'us' end, decode(lpad(to_hex(n), 16, 'f'), 'hex'),
       case when n % 3 > 0 then 'note ' || n end, 'plain ' || n from generate_series(1, 100) n;
     create table mail (id int primary key, subject bigint, region text, foreign key (subject, region) references keys.subject)`,
  );
  world = await backupWorld({ platformUrl: platform.url });
  older = (await run()).setId;
  await sql(
    platform.url,
    `delete from keys.subject where id = 7; insert into keys.subject values (101, 'eu', '\\x0102030405060708', 'new', 'x')`,
  );
  younger = (await run()).setId;
  await sql(
    platform.url,
    `delete from keys.subject where id = 101; insert into keys.subject values (7, 'us', '\\xfffffffffffffff7', 'note 7', 'plain 7')`,
  );
});

afterAll(async () => {
  await world?.close();
  await platform?.drop();
});

async function restored(setId: string, database: string, changes: Partial<RestoreContext> = {}) {
  const context = await world.restoreContext({ workers: 1, ...changes });
  const plan = await planRestore(context, setId, { database });
  await savePlan(context, plan);
  // Done twice, as after a kill, it is the same as done once.
  const twice: typeof backupRestore.applyStep = async (...step) => {
    if (plan.body.steps[step[2]]?.kind === 'keyring') await backupRestore.applyStep(...step);
    return backupRestore.applyStep(...step);
  };
  await applyPlan(context, { ...backupRestore, applyStep: twice }, plan.id);
  const url = withDatabase(platform.url, database);
  const rows = await sql<{ id: number; dek: string; note: string | null }>(url, keys);
  await sql(platform.url, `drop database ${database}`);
  const { results } = progressOf(await readJournal(await context.state(), plan.id));
  const steps = plan.body.steps.map(({ kind }) => kind);
  return {
    rows,
    keyring: results.get(steps.indexOf('keyring')),
    compared: results.get(steps.indexOf('compare')),
  };
}

test('no part of a table holds a wrapped key: zeros of the same length stand for it', async () => {
  const manifest = await manifestOf(world, older);
  const zeroed = manifest.tables.filter((table) => table.zeroed !== undefined);
  expect(zeroed.map(({ name }) => name)).toEqual(['subject_eu', 'subject_us']);
  expect(manifest.keyring).toMatchObject([
    { name: 'subject_eu', rows: 50, keyColumns: ['id', 'region'], columns: ['dek', 'note'] },
    { name: 'subject_us', rows: 50 },
  ]);
});

test('a keyring lies beside its set, signed, with a shorter lock of its own', async () => {
  const folder = `${world.sets.prefix}keyrings/${older}/`;
  const found = [];
  for await (const { key } of world.sets.store.list(folder)) found.push(key.slice(folder.length));
  expect(found.toSorted()).toEqual([
    'platform-00001-00001.sql.zst.pgp',
    'platform-00001-00001.sql.zst.pgp.asc',
    'platform-00002-00001.sql.zst.pgp',
    'platform-00002-00001.sql.zst.pgp.asc',
  ]);
  const days = async (key: string) =>
    Math.round((((await world.sets.store.head(key))?.retention?.until.getTime() ?? 0) - Date.now()) / day);
  expect(await days(`${folder}${found[0]}`)).toBe(35);
  expect(await days(`${world.sets.prefix}${older}/manifest.json.pgp`)).toBe(365);
});

test('a restore puts the wrapped keys back into their rows', async () => {
  const { rows, keyring, compared } = await restored(older, 'with_own_keyring');
  expect(rows).toEqual(await sql(platform.url, keys));
  expect(keyring).toEqual({ from: older, rows: 100, missing: 0, lost: [] });
  expect(compared).toMatchObject({ wrappedKeys: 100 });
});

test('a keyring that somebody has hidden is found underneath', async () => {
  const folder = `${world.sets.prefix}keyrings/${older}/`;
  for await (const { key } of world.sets.store.list(folder)) await world.sets.store.delete(key);
  const { keyring } = await restored(older, 'with_hidden_keyring');
  expect(keyring).toEqual({ from: older, rows: 100, missing: 0, lost: [] });
});

test('a set whose keyring has gone in its time takes the keys of a younger one, and the erased ones stay gone', async () => {
  for (const tree of ['objects', 'versions']) {
    const folder = join(world.storePath, tree, 'backup/test/keyrings');
    const [own] = readdirSync(folder).filter((name) =>
      name.toLowerCase().replaceAll('^', '').startsWith(older.toLowerCase()),
    );
    if (own === undefined && tree === 'versions') throw new Error(`${folder} has no keyring of ${older}`);
    if (own !== undefined) rmSync(join(folder, own), { recursive: true });
  }
  const { rows, keyring, compared } = await restored(older, 'with_younger_keyring', {
    clock: { now: () => new Date(Date.now() + 36 * day) },
  });
  expect(keyring).toEqual({ from: younger, rows: 99, missing: 1, lost: [] });
  expect(compared).toMatchObject({ wrappedKeys: null });
  const expected = await sql<{ id: number; dek: string; note: string | null }>(platform.url, keys);
  expect(rows).toEqual(
    expected.map((row) => (row.id === 7 ? { ...row, dek: '0'.repeat(16), note: '0'.repeat(6) } : row)),
  );
});

test('a map that names no column of the database, or one that cannot be set apart, stops the run', async () => {
  const named = (table: string, column: string) =>
    runBackup(
      world.context({ sources: [{ ...platformSource(platform.url), wrappedKeys: [{ table, column }] }] }),
    );
  await expect(named('keys.nobody', 'dek')).rejects.toMatchObject({ exitCode: 2, code: 'keyring-missing' });
  await expect(named('keys.subject', 'id')).rejects.toMatchObject({ exitCode: 2, code: 'keyring-unfit' });
});
