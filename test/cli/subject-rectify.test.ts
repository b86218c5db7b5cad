import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { withConnection } from '../../src/lib/base/postgres.ts';
import { runCli } from '../support/cli.ts';
import { checkedJson } from './checked-json.ts';
import { type CliWorld, preparedWorld } from './cli-world.ts';

let world: CliWorld;

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

const reset = `
  update person set email = 'person' || id || '@example.org', name = 'Person';
  update mail set body = 'x';
  update mail set body = 'to person7@example.org and person70@example.org' where id in (7, 9)`;
const sql = (text: string) =>
  withConnection(
    { url: world.platform.url, role: 'test' },
    async (client) => (await client.query(text)).rows,
  );

beforeAll(async () => {
  world = await preparedWorld();
  await sql('alter table person add email text');
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
});
beforeEach(() => sql(reset));
afterAll(() => world?.close());

const people = async () =>
  (
    await sql(`select (select string_agg(email || ' ' || name, ',') from person where id in (7, 70)) as persons,
    (select string_agg(body, ',' order by id) from mail where id in (7, 9)) as mails`)
  )[0];
const whole = {
  persons: 'person7@example.org Person,person70@example.org Person',
  mails: 'to person7@example.org and person70@example.org,to person7@example.org and person70@example.org',
};
const rectify = (...argv: readonly string[]) => world.run('subject', 'rectify', ...argv);
const renamed = [
  'person7@example.org',
  '--from',
  'person7@example.org',
  '--to',
  'new@x.example',
  '--reason',
  'T-1',
];

test('what would change is shown, and nothing is changed', async () => {
  const run = await rectify(...renamed, '--dry-run');
  expect(run, run.stderr).toMatchObject({ code: 0 });
  expect(run.stdout).toMatch(/public\.person +email +theirs +1 +corrected/);
  expect(run.stdout).toMatch(/public\.mail +body +of others +1 +left/);
  expect(run.stdout + run.stderr).not.toMatch(/new@x|person7@/);
  expect(await people()).toEqual(whole);
});

test('bad input ends with 2 or 6, before anything is written, and quotes no value', async () => {
  await world.file('broken.json', '{"who": ["person7@example.org"], "from": 7}');
  await world.file('empty.json', '');
  const file = (name: string) => ['--values', join(world.folder, name), '--reason', 'x'];
  const bob = ['person7@example.org', '--reason', 'x'];
  for (const [argv, code, message] of [
    [renamed.slice(0, -2), 2, /--reason/],
    [['--reason', 'x', '--from', 'a@b.example', '--to', 'c@d.example'], 2, /name the person/],
    [[...bob, '--to', 'c@d.example'], 2, /--from/],
    [[...bob, '--field', 'name', '--to', 'X'], 2, /schema\.table\.column/],
    [[...bob, '--field', 'public.person.email', '--to', 'X'], 2, /name of the person/],
    [[...bob, '--field', 'public.person.name', '--from', 'a@b.example', '--to', 'X'], 2, /--from/],
    [[...bob, '--from', 'person7@example.org', '--to', 'person8@example.org'], 6, /somebody else/],
    [[...bob, '--from', 'person7@example.org', '--to', 'nothing'], 2, /no address/],
    [[...bob, '--from', 'person7@example.org', '--to', 'a@b.example', '--request', '99'], 2, /99/],
    [[...renamed, '--plan-only'], 2, /--values/],
    [[...renamed, ...file('broken.json').slice(0, 2)], 2, /command line too/],
    [[...renamed, '--shared', 'person7@example.org'], 2, /a name that several share/],
    [[...file('empty.json'), '--shared', 'office@example.org'], 2, /command line too/],
    [file('broken.json'), 2, /does not hold the values/],
    [file('empty.json'), 2, /does not hold the values/],
    [file('missing.json'), 2, /cannot be read/],
    [[...renamed, '--no-input'], 2, /--yes/],
  ] as const) {
    const run = await rectify(...argv);
    expect(run, `${argv.join(' ')}\n${run.stderr}`).toMatchObject({
      code,
      stderr: expect.stringMatching(message),
    });
    expect(run.stderr).not.toMatch(/person7@|person8@/);
  }
  expect(await people()).toEqual(whole);
});

test('a name changes in her row and her mail; another process is told nothing by the plan', async () => {
  const { result } = await checkedJson('subject rectify', await rectify(...renamed, '--yes', '--json'));
  expect(result).toMatchObject({
    outcome: 'applied',
    corrected: [
      { place: 'public.person.email', rows: 1 },
      { place: 'public.mail.body', rows: 1 },
    ],
    toTell: [],
  });
  expect(await people()).toEqual({
    persons: 'new@x.example Person,person70@example.org Person',
    mails: 'to new@x.example and person70@example.org,to person7@example.org and person70@example.org',
  });
  const shown = await world.must('plan', 'show', result.planId);
  expect(shown.stdout).not.toMatch(/new@x|person7@/);
});

test('a field is set to what stands on standard input', async () => {
  const run = await runCli(
    [
      'subject',
      'rectify',
      'person7@example.org',
      '--field',
      'public.person.name',
      '--reason',
      'T-2',
      '--yes',
      '--json',
    ],
    { cwd: world.folder, stdin: 'Ann Exámple\n' },
  );
  const { result } = await checkedJson('subject rectify', run);
  expect(result).toMatchObject({ outcome: 'applied', corrected: [{ place: 'public.person.name', rows: 1 }] });
  expect((await people())?.persons).toBe('person7@example.org Ann Exámple,person70@example.org Person');
});

test('planned with a file, for a request, it is applied by another process, with that file and no other', async () => {
  await world.file(
    'values.json',
    JSON.stringify({ who: ['person7@example.org'], from: 'person7@example.org', to: 'new@x.example' }),
  );
  await world.must(
    'request',
    'open',
    '--kind',
    'rectification',
    '--reference',
    'T-3',
    '--received',
    '2026-11-01',
  );
  const argv = [
    '--values',
    'values.json',
    '--reason',
    'T-3',
    '--request',
    '1',
    '--everywhere',
    '--plan-only',
    '--json',
  ];
  expect(await rectify(...argv)).toMatchObject({
    code: 6,
    stdout: expect.stringContaining('requester-not-verified'),
  });
  await world.must('request', 'verify', '1', '--how', 'wrote from the address');
  const { result } = await checkedJson('subject rectify', await rectify(...argv));
  expect(result).toMatchObject({ outcome: 'planned', corrected: null });
  await world.file(
    'values.json',
    JSON.stringify({ who: ['person7@example.org'], from: 'person7@example.org', to: 'mallory@x.example' }),
  );
  const changed = await world.run('plan', 'apply', result.planId, '--yes');
  expect(changed).toMatchObject({
    code: 6,
    stderr: expect.stringContaining('not those that the plan was made'),
  });
  expect(await people()).toEqual(whole);
  await world.file(
    'values.json',
    JSON.stringify({ who: ['person7@example.org'], from: 'person7@example.org', to: 'new@x.example' }),
  );
  await world.must('plan', 'apply', result.planId, '--yes');
  expect((await people())?.mails).toBe(
    'to new@x.example and person70@example.org,to new@x.example and person70@example.org',
  );
});
