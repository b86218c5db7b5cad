import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { withConnection, withDatabase } from '../../src/lib/base/postgres.ts';
import { runCli } from '../support/cli.ts';
import { checkedJson } from './checked-json.ts';
import { type CliWorld, preparedWorld, start } from './cli-world.ts';

let world: CliWorld;
const restored = `cli_erased_${process.pid}`;

const map = `version: 1
subjects: {person: {identities: {email: {normalise: [lower], variants: [plus-tag]}}}}
tables:
  public.person:
    primary_key: [id]
    ownership: exclusive
    fields:
      email: {type: text, category: user.contact.email, identity: person.email}
      name: {type: text, category: user.name}
    erase: delete
  public.mail:
    primary_key: [id]
    ownership: shared
    owner: person
    references: [{column: person, to: public.person.id, kind: fk}]
    fields: {body: {type: text, parser: text, category: user.content, erase: {redact: address}}}
    erase: {when_last_owner: delete, else: detach}
`;

beforeAll(async () => {
  world = await preparedWorld();
  await withConnection({ url: world.platform.url, role: 'test' }, (client) =>
    client.query(`
      alter table person add email text;
      update person set email = 'person' || id || '@example.org';
      update mail set body = 'to person7@example.org and person70@example.org' where id = 9`),
  );
  await world.file('map.yaml', map);
  await world.file('secrets/names', 'ab'.repeat(32));
  const path = join(world.folder, 'postern.yaml');
  const config = parse(await readFile(path, 'utf8'));
  for (const profile of Object.values<Record<string, unknown>>(config.profiles)) {
    profile['platform'] = {
      url: '${file:secrets/platform-url}',
      write_url: '${file:secrets/platform-url}',
      map: 'map.yaml',
    };
    profile['subjects'] = { hmac_keys: ['${file:secrets/names}'] };
  }
  await writeFile(path, stringify(config));
  await world.must('backup', 'run');
});
afterAll(async () => {
  if (world === undefined) return;
  await withConnection({ url: world.platform.url, role: 'test' }, (client) =>
    client.query(`drop database if exists ${restored} with (force)`),
  );
  await world.close();
});

const people = async (url = world.platform.url) => {
  const rows = await withConnection({ url, role: 'test' }, (client) =>
    client.query(
      `select (select count(*)::int from person) as persons, (select count(*)::int from mail) as mails,
         (select body from mail where id = 9) as body,
         (select count(*)::int from person where email = 'person7@example.org') as seven`,
    ),
  );
  return rows.rows[0];
};

const whole = {
  persons: 2000,
  mails: 2000,
  body: 'to person7@example.org and person70@example.org',
  seven: 1,
};

test('what would be done is shown, and nothing is done', async () => {
  const run = await world.must(
    'subject',
    'erase',
    'Person7+x@example.org',
    '--reason',
    'request 1',
    '--dry-run',
  );
  expect(run.stdout).toMatch(
    /public\.person +theirs +1 +deleted\npublic\.mail +theirs +1 +deleted\npublic\.mail +of others +1 +stay;/,
  );
  expect(run.stderr).toContain('1 backup set may hold them until');
  expect(await people()).toEqual(whole);
});

test('who signed up twice is one person only where somebody says so', async () => {
  const statement = async (sql: string) =>
    withConnection({ url: world.platform.url, role: 'test' }, (client) => client.query(sql));
  await statement(`insert into person (name, email) values ('x', 'Person7@example.org')`);
  const argv = ['subject', 'erase', 'person7@example.org', '--reason', 'request 1', '--dry-run', '--json'];
  const refused = await world.run(...argv);
  expect((await checkedJson('subject erase', refused)).error).toMatchObject({ code: 'subject-ambiguous' });
  const { result } = await checkedJson('subject erase', await world.run(...argv, '--one-person'));
  expect(result.persons).toBe(1);
  const given = await world.run(...argv, '--shared', 'person7@example.org');
  expect((await checkedJson('subject erase', given)).error).toMatchObject({ code: 'name-shared' });
  expect(result.rows).toContainEqual({ table: 'public.person', action: 'delete', owned: true, rows: 2 });
  await statement(`delete from person where email = 'Person7@example.org'`);
});

test('rehearsed in a restored backup, which is thrown away', async () => {
  const run = await world.run('subject', 'erase', 'person7@example.org', '--rehearse', '--json');
  expect(run, run.stderr).toMatchObject({ code: 0 });
  const { result } = await checkedJson('subject erase', run);
  expect(result).toMatchObject({ rehearsed: true, persons: 1, touched: 3, left: [] });
  expect(await people()).toEqual(whole);
});

test('bad input ends with 2 or 6, before anything is written', async () => {
  for (const [argv, code, message] of [
    [['nobody@example.org', '--reason', 'x'], 2, /nothing was found/],
    [['person7@example.org'], 2, /--reason/],
    [['not an address', '--reason', 'x'], 2, /no address/],
    [['person7@example.org', '--reason', 'x', '--request', '99'], 2, /99/],
    [['person7@example.org', '--reason', 'x', '--no-input'], 2, /--confirm/],
    [['person7@example.org', '--reason', 'x', '--confirm', 'other'], 6, /other|name/],
  ] as const) {
    const run = await world.run('subject', 'erase', ...argv);
    expect(run, `${argv.join(' ')}\n${run.stderr}`).toMatchObject({
      code,
      stderr: expect.stringMatching(message),
    });
  }
  expect(await people()).toEqual(whole);
});

test('a rehearsal of what cannot be done or looked for does not end as if all were well', async () => {
  const unknown = await world.run('subject', 'erase', 'nobody@example.org', '--rehearse');
  expect(unknown).toMatchObject({ code: 2, stderr: expect.stringContaining('nothing was found') });
});

test('in a list, the line is told that holds no address, and nothing of it', async () => {
  const run = await runCli(['subject', 'erase', '-', '--reason', 'x', '--dry-run'], {
    cwd: world.folder,
    stdin: '\uFEFFperson7@example.org\r\n\r\n  PERSON9@example.org\r\nnot-one\r\n',
  });
  expect(run).toMatchObject({ code: 2, stderr: expect.stringContaining('line 4: that is no address') });
  expect(run.stderr).not.toContain('not-one');
});

test('a request that nobody verified is not fulfilled', async () => {
  await world.must('request', 'open', '--kind', 'erasure', '--reference', 'T-1', '--received', '2026-11-01');
  const run = await world.run(
    'subject',
    'erase',
    'person7@example.org',
    '--reason',
    'T-1',
    '--request',
    '1',
    '--plan-only',
  );
  expect(run).toMatchObject({ code: 6, stderr: expect.stringContaining('request verify 1') });
  await world.must('request', 'verify', '1', '--how', 'wrote from the address');
});

test('approved by another process, which finds the person by the hashes alone, it is done and proved', async () => {
  const planned = await world.run(
    'subject',
    'erase',
    'person7@example.org',
    '--reason',
    'T-1',
    '--request',
    '1',
    '--plan-only',
    '--json',
  );
  const { result: plan } = await checkedJson('subject erase', planned);
  expect(plan).toMatchObject({ outcome: 'planned', persons: 1, done: null });
  const shown = await world.must('plan', 'show', String(plan?.['planId']));
  expect(shown.stdout).not.toContain('person7@');
  const database = new URL(world.platform.url).pathname.slice(1);
  const applied = await world.must('plan', 'apply', String(plan?.['planId']), '--confirm', database);
  expect(applied.stderr).toContain('nothing is left where nothing is kept');
  expect(await people()).toEqual({
    persons: 1999,
    mails: 1999,
    body: 'to erased@erased.invalid and person70@example.org',
    seven: 0,
  });
  const listed = (await world.run('certificate', 'list', '--json')).json();
  const [certificate] = (listed.result?.['certificates'] ?? []) as { id: string }[];
  await world.must('certificate', 'verify', certificate?.id ?? '');
  await world.must('request', 'close', '1', '--outcome', 'fulfilled', '--certificate', certificate?.id ?? '');
});

test('a restore of the older set erases again before anybody can connect', async () => {
  await world.must('backup', 'restore', '--to', restored, '--yes');
  const url = withDatabase(world.platform.url, restored);
  expect(await people(url)).toEqual(await people());
});

test('at once, several persons from standard input', async () => {
  const database = new URL(world.platform.url).pathname.slice(1);
  const run = await runCli(['subject', 'erase', '-', '--reason', 'T-2', '--confirm', database, '--json'], {
    cwd: world.folder,
    stdin: 'person8@example.org\n\nperson10@example.org person11@example.org\n',
  });
  const { result } = await checkedJson('subject erase', run);
  expect(result).toMatchObject({ outcome: 'applied', persons: 2, done: { rowsDeleted: 6, left: [] } });
  expect(await people()).toMatchObject({ persons: 1996, mails: 1996 });
});

test('interrupted, it says how to go on, and goes on', async () => {
  const database = new URL(world.platform.url).pathname.slice(1);
  // A lock on the row holds the erasure up.
  await withConnection({ url: world.platform.url, role: 'test' }, async (client) => {
    await client.query('begin');
    await client.query(`select from mail where id = 20 for update`);
    const run = start(
      ['subject', 'erase', 'person20@example.org', '--reason', 'T-3', '--confirm', database],
      world.folder,
    );
    // Its delete waits for our lock.
    const waits = 'select from pg_locks where not granted';
    while ((await client.query(waits)).rowCount === 0) await client.query('select pg_sleep(0.02)');
    run.signal('SIGINT');
    expect(await run.ended).toBe(130);
    expect(run.stderr()).toContain('postern plan apply');
    await client.query('rollback');
  });
  const plans = (await world.run('plan', 'list', '--json')).json().result?.['plans'] as {
    id: string;
    state: string;
  }[];
  const open = plans.find(({ state }) => state === 'applying');
  await world.must('plan', 'apply', open?.id ?? '', '--confirm', database);
  expect(await people()).toMatchObject({ persons: 1995, mails: 1995 });
});
