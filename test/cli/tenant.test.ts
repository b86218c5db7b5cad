import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { withConnection, withDatabase } from '../../src/lib/base/postgres.ts';
import { checkedJson } from './checked-json.ts';
import { type CliWorld, preparedWorld } from './cli-world.ts';

let world: CliWorld;
const restored = `cli_offboarded_${process.pid}`;

const map = `version: 1
subjects: {person: {identities: {email: {normalise: [lower]}}}}
tables:
  public.person:
    primary_key: [id]
    tenant: tenant
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
  public.invoice:
    primary_key: [number]
    tenant: tenant
    ownership: third-party
    retention: {keep: P10Y, law: § 147 AO, from: issued}
    non_personal: [issued]
    fields: {billed: {type: text, category: user.contact.email, identity: person.email, erase: {keep: invoices are kept as issued}}}
    erase: restrict
`;

beforeAll(async () => {
  world = await preparedWorld();
  await query(`
    alter table person add email text, add tenant text;
    update person set email = 'person' || id || '@example.org', tenant = case when id <= 500 then 'o''neil' else 'other' end;
    update mail set body = 'to person7@example.org' where id > 1990;
    create table invoice (number int primary key, tenant text not null, issued date not null, billed text not null);
    insert into invoice values (1, 'o''neil', current_date, 'O''Neil'), (2, 'o''neil', '2001-01-01', 'O''Neil'), (3, 'other', '2001-01-01', 'Other')`);
  await world.file('map.yaml', map);
  const path = join(world.folder, 'postern.yaml');
  const config = parse(await readFile(path, 'utf8'));
  for (const profile of Object.values<Record<string, unknown>>(config.profiles)) {
    profile['platform'] = {
      url: '${file:secrets/platform-url}',
      write_url: '${file:secrets/platform-url}',
      map: 'map.yaml',
    };
  }
  await writeFile(path, stringify(config));
  await world.must('backup', 'run');
});
afterAll(async () => {
  if (world === undefined) return;
  await query(`drop database if exists ${restored} with (force)`);
  await world.close();
});

const query = (sql: string, url = world.platform.url) =>
  withConnection({ url, role: 'test' }, (client) => client.query(sql));

async function left(url = world.platform.url) {
  const { rows } = await query(
    `select (select count(*)::int from person) as persons, (select count(*)::int from mail) as mails,
       (select count(*)::int from mail where body = 'to person7@example.org') as naming,
       (select string_agg(number || tenant, ' ' order by number) from invoice) as invoices`,
    url,
  );
  return rows[0];
}
const whole = { persons: 2000, mails: 2000, naming: 10, invoices: "1o'neil 2o'neil 3other" };
const gone = { persons: 1500, mails: 1500, naming: 10, invoices: "1o'neil 3other" };

const day = (daysAgo: number): string =>
  new Date(Date.now() - daysAgo * 86_400_000).toISOString().slice(0, 10);
const common = ["o'neil", '--reason', 'notice'] as const;

test('bad input ends with 2 or 6, and nothing is written', async () => {
  for (const [argv, code, message] of [
    [['nobody', '--reason', 'x', '--ended', day(1)], 2, /no row of the platform is of a tenant "nobody"/],
    [["o'neil' or true --", '--reason', 'x', '--ended', day(1), '--delete'], 2, /no row of the platform/],
    [["o'neil", '--ended', day(1)], 2, /--reason/],
    [["o'neil", '--ended', day(1), '--reason', ' '], 2, /needs a reason/],
    [common, 2, /--ended/],
    [[...common, '--ended', '2026-02-30'], 2, /no date/],
    [[...common, '--ended', '2026-02-03T10:00:00Z'], 2, /takes a day/],
    [[...common, '--ended', day(-3), '--delete'], 6, /ends on/],
    [[...common, '--ended', day(1), '--plan-only'], 2, /--delete/],
    [[...common, '--ended', day(1), '--return'], 2, /--out/],
    [[...common, '--ended', day(1), '--return', '--out', 'x.zip', '--delete'], 2, /--return|--delete/],
    [[...common, '--ended', day(1), '--return', '--out', 'x.zip', '--no-input'], 2, /whom the archive/],
    [[...common, '--ended', day(1), '--return', '--out', 'x.tar', '--no-passphrase'], 2, /name of a zip/],
    [[...common, '--ended', day(1), '--delete', '--no-input'], 2, /--confirm/],
  ] as const) {
    const run = await world.run('tenant', 'offboard', ...argv);
    expect(run, `${argv.join(' ')}\n${run.stderr}`).toMatchObject({
      code,
      stderr: expect.stringMatching(message),
    });
  }
  expect(await left()).toEqual(whole);
});

test('what would be deleted is shown, and nothing is done', async () => {
  const run = await world.must('tenant', 'offboard', ...common, '--ended', day(40), '--delete', '--dry-run');
  expect(run.stdout).toMatch(
    /public\.person +500 +deleted\npublic\.mail +500 +deleted\npublic\.invoice +1 +deleted\npublic\.invoice +1 +kept by law/,
  );
  expect(run.stderr).toContain('1 backup set may hold them until');
  expect(await left()).toEqual(whole);
});

test('the end of a contract is entered, and the list tells when its time is over', async () => {
  const entered = await checkedJson(
    'tenant offboard',
    await world.run('tenant', 'offboard', ...common, '--ended', day(40), '--json'),
  );
  expect(entered.result).toMatchObject({
    offboarding: { tenant: "o'neil", endedOn: day(40), dueOn: day(10), verdict: 'overdue' },
    deletion: null,
  });
  const overdue = await world.run('tenant', 'list', '--json');
  expect(overdue.code).toBe(3);
  expect((await checkedJson('tenant list', overdue)).result).toMatchObject({ open: 1, overdue: 1 });
  // A mistake is mended by another day; the last one counts.
  const mended = await world.must('tenant', 'offboard', ...common, '--ended', day(25));
  expect(mended.stderr).toContain(`ended on ${day(25)}; due on ${day(-5)}`);
  const list = await world.must('tenant', 'list');
  expect(list.stdout).toMatch(new RegExp(`^o'neil +${day(25)} +${day(-5)} .*due`, 'm'));
  expect(await left()).toEqual(whole);
});

test('all of it is handed out, encrypted for the controller, and the list tells when', async () => {
  const out = join(world.folder, 'oneil.zip');
  const key = join(world.folder, 'keys/backup-operations.pub.asc');
  const argv = [...common, '--return', '--out', out, '--recipient', key, '--json'];
  const { result } = await checkedJson('tenant offboard', await world.run('tenant', 'offboard', ...argv));
  expect(result).toMatchObject({
    offboarding: { returnedAt: expect.any(String), deletedAt: null },
    returned: {
      archives: [{ file: `${out}.gpg`, certificateId: expect.any(String) }],
      encryptedFor: expect.stringMatching(/^[0-9A-F]{40}$/),
      tables: [
        { table: 'public.person', rows: 500 },
        { table: 'public.mail', rows: 500 },
        { table: 'public.invoice', rows: 2 },
      ],
      left: [],
      missing: [],
    },
  });
  expect((await readFile(`${out}.gpg`)).includes('person7@example.org')).toBe(false);
  expect(await left()).toEqual(whole);
});

test('another process deletes it all by the plan, and a certificate says what is kept until when', async () => {
  const planned = await checkedJson(
    'tenant offboard',
    await world.run('tenant', 'offboard', ...common, '--delete', '--plan-only', '--json'),
  );
  expect(planned.result).toMatchObject({ deletion: { outcome: 'planned', done: null } });
  const planId = String((planned.result?.['deletion'] as { planId?: string } | undefined)?.planId);
  const database = new URL(world.platform.url).pathname.slice(1);
  const applied = await world.must('plan', 'apply', planId, '--confirm', database);
  expect(applied.stderr).toContain('1 row of public.invoice kept by law: § 147 AO, until 20');
  expect(applied.stderr).toContain('nothing is left but what is kept');
  expect(await left()).toEqual(gone);
  const list = await checkedJson('tenant list', await world.run('tenant', 'list', '--all', '--json'));
  const tenants = (list.result?.['tenants'] ?? []) as { verdict: string; certificateId: string }[];
  expect(tenants.map(({ verdict }) => verdict)).toEqual(['superseded', 'deleted']);
  const entry = tenants.at(-1);
  await world.must('certificate', 'verify', entry?.certificateId ?? '');
  expect((await world.must('certificate', 'show', entry?.certificateId ?? '')).stdout).toContain('§ 147 AO');
  expect((await world.must('tenant', 'list')).stderr).toContain('no tenant that left has data here');
});

test('a restore of the older set deletes it again before anybody can connect', async () => {
  await world.must('backup', 'restore', '--to', restored, '--yes');
  expect(await left(withDatabase(world.platform.url, restored))).toEqual(gone);
});

test('at once, with the name typed, it says what was done', async () => {
  const database = new URL(world.platform.url).pathname.slice(1);
  const argv = ['other', '--reason', 'notice', '--ended', day(31), '--delete', '--confirm', database];
  const run = await world.must('tenant', 'offboard', ...argv);
  expect(run.stderr).toMatch(
    /3,001 rows deleted, 0 changed, 0 came meanwhile\nnothing is left but what is kept/,
  );
  expect(run.stderr).toContain(`after ${day(1)}, when it was due`);
  expect(await left()).toEqual({ persons: 0, mails: 0, naming: 0, invoices: "1o'neil" });
});
