import { execFile } from 'node:child_process';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withConnection, withDatabase } from '../../src/lib/base/postgres.ts';
import { flipByte } from '../support/flip-byte.ts';
import { type CliWorld, preparedWorld, start } from './cli-world.ts';

let world: CliWorld;
const database = `cli_restored_${process.pid}`;
const to = ['backup', 'restore', '--to', database];

beforeAll(async () => {
  world = await preparedWorld();
  await world.must('backup', 'run');
});
afterAll(async () => {
  if (world === undefined) return;
  await drop(database);
  await world.close();
});

const drop = (name: string) =>
  withConnection({ url: world.platform.url, role: 'test' }, (client) =>
    client.query(`drop database if exists ${name} with (force)`),
  );

test('some tables as of today are restored, and the rest is said to be missing', async () => {
  const today = new Date().toISOString().slice(0, 10);
  const run = await world.must(...to, '--table', 'public.mail', '--as-of', today, '--yes');
  expect(run.stdout).toContain('restored 2,000 rows of 1 table, and of no others,');
  expect(run.stdout).toContain('foreign keys that are not valid yet:\n  "public"."mail": "mail_person_fkey"');
  const url = withDatabase(world.platform.url, database);
  const { rows } = await withConnection({ url, role: 'test' }, (client) =>
    client.query(
      'select (select count(*)::int from mail) as mail, (select count(*)::int from person) as person',
    ),
  );
  expect(rows).toEqual([{ mail: 2000, person: 0 }]);
  await drop(database);
});

test('a wrong table, time or store ends with 2, before anything is asked', async () => {
  for (const [flags, message] of [
    [['--table', 'public.mial'], /did you mean public\.mail\?/],
    [['--as-of', 'yesterday'], /no date and no time/],
    [['--as-of', '2020-01-01'], /no complete set/],
    [['--objects-to', 'offsite'], /holds no mail objects/],
  ] as const) {
    const run = await world.run(...to, ...flags);
    expect(run, run.stderr).toMatchObject({ code: 2, stderr: expect.stringMatching(message) });
  }
});

test('without erasures, yes is not enough: the database is named', async () => {
  const without = [...to, '--without-erasures'];
  const yes = await world.run(...without, '--yes', '--no-input');
  expect(yes).toMatchObject({
    code: 2,
    stderr: expect.stringContaining(`answer with --confirm ${database}`),
  });
  expect((await world.run(...without, '--confirm', 'other')).code).toBe(6);
  const stored = JSON.parse((await world.must(...without, '--plan-only', '--json')).stdout).result;
  expect((await world.run('plan', 'apply', stored.planId, '--yes', '--no-input')).code).toBe(2);
  const applied = await world.must('plan', 'apply', stored.planId, '--confirm', database);
  expect(applied.code).toBe(0);
  const log = await world.must('audit', 'log', '--json');
  expect(log.stdout).toContain('backup.restore.without-erasures');
  await drop(database);
});

test('a restore that is given up tells which database it leaves, and how to drop it', async () => {
  const { stdout: found } = await promisify(execFile)('find', [
    join(world.folder, 'offsite/objects/backup/test'),
    '-path',
    '*/platform/30-data/*',
    '-name',
    '*000001*',
    '-type',
    'f',
  ]);
  const [file = ''] = found.split('\n');
  const mend = await flipByte(file);
  const failed = await world.run(...to, '--yes', '--json');
  expect(failed.code).toBe(5);
  expect(JSON.parse(failed.stdout).error).toMatchObject({ code: 'object-corrupt', exitCode: 5 });
  const { plans } = JSON.parse((await world.must('plan', 'list', '--json')).stdout).result;
  const [{ id }] = plans.filter(({ state }: { readonly state: string }) => state === 'applying');
  const name = `postern_restore_${id.slice(0, 16)}`;
  const cancelled = await world.must('plan', 'cancel', id, '--reason', 'test', '--abandon', '--yes');
  expect(cancelled.stdout).toBe(
    `the plan leaves the closed database ${name}, which nobody uses; to remove it: DROP DATABASE "${name}";\n`,
  );
  await mend();
  await drop(name);
});

test('Ctrl-C ends a restore with 130 and says how to go on, and that goes on', async () => {
  const asked = async (text: string) =>
    (await withConnection({ url: world.platform.url, role: 'test' }, (client) => client.query(text))).rows;
  await asked('create materialized view slow as select pg_sleep(3)::text as slept');
  await world.must('backup', 'run');
  const restore = start([...to, '--yes'], world.folder);
  const isRefreshed = `select from pg_stat_activity where state = 'active' and query ~ 'REFRESH MATERIALIZED' and pid <> pg_backend_pid()`;
  while ((await asked(isRefreshed)).length === 0) await delay(20);
  restore.signal('SIGINT');
  expect(await restore.ended).toBe(130);
  const [, id = ''] =
    /^postern: error: interrupted before step \d+ of \d+ was done\nhint: `postern plan apply ([0-9a-f]+)` goes on from there$/m.exec(
      restore.stderr(),
    ) ?? [];
  expect(id, restore.stderr()).not.toBe('');
  await world.must('plan', 'apply', id);
  await drop(database);
});

test('a newer set that is gone from the store ends a restore and a drill with 5, and an older one is taken by --newest-verifying', async () => {
  const setIds = async (): Promise<readonly string[]> =>
    JSON.parse((await world.must('backup', 'list', '--json')).stdout).result.sets.map(
      ({ setId }: { readonly setId: string }) => setId,
    );
  const older = (await setIds()).at(-1);
  const newer = JSON.parse((await world.must('backup', 'run', '--json')).stdout).result.setId;
  for (const tree of ['objects', 'versions']) {
    const folder = join(world.folder, 'offsite', tree, 'backup/test');
    // Capitals are written `^t` below versions/.
    for (const name of await readdir(folder))
      if (name.replaceAll('^', '').toUpperCase().startsWith(newer.toUpperCase()))
        await rm(join(folder, name), { recursive: true });
  }
  for (const argv of [
    [...to, '--yes'],
    ['backup', 'drill'],
  ]) {
    const { code, stdout } = await world.run(...argv, '--json');
    expect(code).toBe(5);
    expect(JSON.parse(stdout).error).toMatchObject({
      code: 'set-rolled-back',
      message: expect.stringContaining(newer),
    });
  }
  const run = await world.must(...to, '--newest-verifying', '--plan-only', '--json');
  expect(JSON.parse(run.stdout)).toMatchObject({
    result: { setId: older },
    warnings: [expect.stringContaining(newer)],
  });
});
