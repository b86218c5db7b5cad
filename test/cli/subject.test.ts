import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { openLocalObjectStore } from '../../src/lib/cloud/local/object-store.ts';
import { runCli } from '../support/cli.ts';
import { checkedJson } from './checked-json.ts';
import { type CliWorld, cliWorld } from './cli-world.ts';

let world: CliWorld;

const map = (identity: string) => `version: 1
subjects: {person: {identities: {name: {normalise: [lower]}, email: {}}}}
tables:
  public.person:
    primary_key: [id]
    ownership: exclusive
    fields: {name: {type: text, category: user.name, identity: ${identity}}}
  public.mail:
    primary_key: [id]
    ownership: exclusive
    references: [{column: person, to: public.person.id, kind: fk}]
    fields: {body: {type: text, category: user.content}}
`;

beforeAll(async () => {
  world = await cliWorld();
  await world.file('map.yaml', map('person.name'));
  const test_ = { platform: { url: '${file:secrets/platform-url}', map: 'map.yaml' } };
  const none = { platform: { url: '${file:secrets/platform-url}' } };
  await world.file(
    'postern.yaml',
    stringify({ version: 1, default_profile: 'test', profiles: { test: test_, none } }),
  );
});
afterAll(async () => {
  await world?.close();
});

test('a person is counted by name, at a terminal, from standard input and under --json', async () => {
  const text = await world.must('subject', 'find', 'person.name=Person 7');
  expect(text.stdout).toMatch(/public\.person +– +own +1 .*\npublic\.mail +– +own +1 /);
  expect(text.stderr).toContain('one person: public.person 7');

  const piped = await runCli(['subject', 'find', '-', '--json'], {
    cwd: world.folder,
    stdin: 'person.name=person 7\n',
  });
  const { result } = await checkedJson('subject find', piped);
  expect(result).toMatchObject({
    verdict: 'found',
    persons: [{ table: 'public.person', key: ['7'], tenant: null }],
    backups: null,
  });
});

test('what is left of a person is looked for in the whole database', async () => {
  const residue = async (argv: readonly string[], code: number) => {
    const run = await world.run('subject', 'residue', ...argv, '--json');
    expect(run, run.stdout).toMatchObject({ code });
    const json = await checkedJson('subject residue', run);
    return json.error ?? json.result;
  };
  expect(await residue(['person 17'], 3)).toMatchObject({
    verdict: 'residue',
    found: [{ place: 'public.person', column: 'name', form: 'text', rows: 1 }],
  });
  expect(
    await residue(['person 17', '--also', 'line 99'.repeat(20), '--also', 'nobody at all'], 3),
  ).toMatchObject({
    found: [{ place: 'public.mail' }, { place: 'public.person' }],
  });
  expect(await residue(['person 2001'], 0)).toMatchObject({ verdict: 'none', found: [], unasked: [] });
  expect(await residue(['ann'], 2)).toMatchObject({ code: 'name-too-short' });
  const crowd = Array.from({ length: 2001 }, (_, n) => `nobody ${n}`).join('\n');
  const many = await runCli(['subject', 'residue', '-'], { cwd: world.folder, stdin: crowd });
  expect(many).toMatchObject({ code: 2, stderr: expect.stringContaining('2,001 names') });
  const text = await world.run('subject', 'residue', 'person 17');
  expect(text.stdout).toMatch(/public\.person +name +text +1\n/);
  expect(text.stderr).toMatch(/looked through \d+ places, 4,0\d\d rows/);
});

test('what lies outside of the database is looked through too, and left out only where somebody says so', async () => {
  const database = { platform: { url: '${file:secrets/platform-url}' } };
  const stores = { objects: { adapter: 'local', path: 'objects' } };
  const outside = {
    ...database,
    stores,
    subjects: { buckets: { mail: { store: 'objects' } }, logs: ['*.log*'] },
  };
  const mapped = { platform: { ...database.platform, map: 'objects.yaml' } };
  await world.file(
    'objects.yaml',
    map('person.name').replace(
      'fields: {body:',
      "fields: {raw: {object: {bucket: mail, key: '{id}.eml', format: eml}}, body:",
    ),
  );
  await world.file('outside.yaml', stringify({ version: 1, profiles: { outside, mapped } }));
  const store = await openLocalObjectStore({ path: join(world.folder, 'objects'), durability: 'fast' });
  await store.put('7.eml', Buffer.from('To: nobody.else@example.org'));
  await world.file('http.log', 'nobody.else@example.org\n-\n');

  const residue = async (profile: string, ...flags: readonly string[]) => {
    const argv = ['nobody.else@example.org', '--config', 'outside.yaml', '--profile', profile, ...flags];
    const run = await world.run('subject', 'residue', ...argv, '--json');
    const { result } = await checkedJson('subject residue', run);
    return { code: run.code, ...(result as Record<string, unknown>) };
  };
  expect(await residue('outside')).toMatchObject({
    code: 3,
    verdict: 'residue',
    objectStore: 'looked',
    logFiles: 'looked',
    found: [
      { place: expect.stringMatching(/^object mail\/7\.\*#/), column: 'body', rows: 1 },
      { place: `log file ${join(world.folder, 'http.log')}`, column: 'line', rows: 1 },
    ],
    objects: 1,
    lines: 2,
  });
  expect(await residue('outside', '--no-objects')).toMatchObject({ code: 3, objectStore: 'left-out' });
  expect(await residue('outside', '--no-objects', '--no-logs')).toMatchObject({
    code: 0,
    verdict: 'none',
    objectStore: 'left-out',
    logFiles: 'left-out',
  });
  expect(await residue('mapped')).toMatchObject({
    code: 4,
    verdict: 'unknown',
    unasked: [{ source: 'bucket mail' }],
  });
  const argv = [
    'nobody.else@example.org',
    '--no-objects',
    '--config',
    'outside.yaml',
    '--profile',
    'outside',
  ];
  const text = await world.run('subject', 'residue', ...argv);
  expect(text.stderr).toContain('not looked at: the object store (left out)');
  expect(text.stderr).toMatch(/looked through \d+ places, 4,0\d\d rows, 2 log lines/);
});

test('lines of log files that name the person are counted', async () => {
  const platform = { url: '${file:secrets/platform-url}', map: 'map.yaml' };
  const subjects = { logs: ['web/*.log', 'web/gone.log'] };
  await world.file('logs.yaml', stringify({ version: 1, profiles: { test: { platform, subjects } } }));
  await mkdir(join(world.folder, 'web'));
  await world.file('web/a.log', 'GET / by Person 9\nGET / by person 99\nGET / by PERSON 9\n');
  const find = async (...flags: readonly string[]) => {
    const argv = ['person.name=Person 9', '--config', 'logs.yaml', ...flags];
    const run = await world.run('subject', 'find', ...argv, '--json');
    return {
      code: run.code,
      ...((await checkedJson('subject find', run)).result as Record<string, unknown>),
    };
  };
  expect(await find()).toMatchObject({
    code: 4,
    verdict: 'found',
    logs: [{ file: join(world.folder, 'web', 'a.log'), lines: 2 }],
    unasked: [{ source: `log file ${join(world.folder, 'web', 'gone.log')}` }],
  });
  expect(await find('--no-logs')).toMatchObject({ code: 0, logs: null, unasked: [] });
  const text = await world.run('subject', 'find', 'person.name=Person 9', '--config', 'logs.yaml');
  expect(text.stderr).toContain('2 lines of ');
});

test('several persons end it with 6, a table that is not there with 4, and nonsense with 2', async () => {
  await world.file('twins.yaml', map('person.name').replace('[lower]', '[digits]'));
  const code = async (...argv: readonly string[]) => (await world.run('subject', 'find', ...argv)).code;
  const { platform } = { platform: { url: '${file:secrets/platform-url}', map: 'twins.yaml' } };
  const gone = { url: platform.url, map: 'gone.yaml' };
  await world.file('gone.yaml', map('person.name').replaceAll('public.mail', 'public.gone'));
  await world.file(
    'others.yaml',
    stringify({ version: 1, profiles: { twins: { platform }, gone: { platform: gone } } }),
  );
  const others = ['--config', join(world.folder, 'others.yaml'), '--profile'];
  await withTwins(async () => {
    expect(await code('person.name=person 7', ...others, 'twins')).toBe(6);
  });
  expect(await code('person.name=person 7', ...others, 'gone')).toBe(4);
  expect(await code('person 7')).toBe(2);
  expect(await code('ann@example.org', '--profile', 'none')).toBe(2);
});

async function withTwins(work: () => Promise<void>): Promise<void> {
  const { withConnection } = await import('../../src/lib/base/postgres.ts');
  const on = (sql: string) =>
    withConnection({ url: world.platform.url, role: 'test' }, (client) => client.query(sql));
  await on(`insert into person (name) values ('another 7')`);
  await work();
  await on(`delete from person where name = 'another 7'`);
}
