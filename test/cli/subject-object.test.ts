import { randomBytes } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { withConnection } from '../../src/lib/base/postgres.ts';
import { nameHasher } from '../../src/lib/subject/name-hash/index.ts';
import { runCli } from '../support/cli.ts';
import { checkedJson } from './checked-json.ts';
import { type CliWorld, cliWorld } from './cli-world.ts';

/** One story in its order: somebody objects, senders ask, the key is replaced, the objection is withdrawn. */
let world: CliWorld;
const [older, newer] = [randomBytes(32).toString('hex'), randomBytes(32).toString('base64')];

const map = `version: 1
subjects:
  account: {identities: {id: {}, email: {normalise: [lower], variants: [plus-tag]}, phone: {normalise: [digits]}}}
tables:
  public.account:
    primary_key: [id]
    ownership: exclusive
    fields:
      id: {type: bigint, category: user.unique_id, identity: account.id}
      email: {type: text, category: user.contact.email, identity: account.email}
      phone: {type: text, category: user.contact.phone_number, identity: account.phone}
`;

beforeAll(async () => {
  world = await cliWorld();
  await world.file('map.yaml', map);
  await world.file('secrets/older', `${older}\n`);
  await world.file('secrets/newer', `${newer}\n`);
  const state = { url: '${file:secrets/state-url}' };
  const platform = { url: '${file:secrets/platform-url}', map: 'map.yaml' };
  const keyed = (...names: readonly string[]) => ({
    platform,
    state,
    subjects: { hmac_keys: names.map((name) => `\${file:secrets/${name}}`) },
  });
  await world.file(
    'postern.yaml',
    stringify({
      version: 1,
      default_profile: 'test',
      profiles: { test: keyed('older'), keyless: { platform, state } },
    }),
  );
  // The same profile after its key was replaced, and after the older key was thrown away too early.
  await world.file('rotated.yaml', stringify({ version: 1, profiles: { test: keyed('newer', 'older') } }));
  await world.file('lost.yaml', stringify({ version: 1, profiles: { test: keyed('newer') } }));
  await world.must('state', 'migrate');
  await withConnection({ url: world.platform.url, role: 'test' }, (client) =>
    client.query(`create table account (id bigint primary key, email text, phone text);
      insert into account values (7, 'Ann+news@Example.org', '+49 30 1'), (8, 'bob@example.org', '+49 30 1'),
        (9, 'twin@example.org', null), (10, 'TWIN@example.org', null)`),
  );
});
afterAll(async () => {
  await world?.close();
});

// oxlint-disable-next-line typescript/no-explicit-any -- tests look into results of every shape
async function tell(argv: readonly string[], code = 0, stdin = ''): Promise<any> {
  const run = await runCli(['subject', 'object', ...argv, '--json'], { cwd: world.folder, stdin });
  expect(run, `${argv.join(' ')}\n${run.stdout}${run.stderr}`).toMatchObject({ code });
  const json = await checkedJson('subject object', run);
  return json.error ?? { ...json.result, warnings: json.warnings };
}
const with_ = (file: string) => ['--config', join(world.folder, file)];

test('what cannot be done is refused, and nobody is on the list for it', async () => {
  const refusals: readonly (readonly [readonly string[], number, string])[] = [
    [[], 2, 'object-what'],
    [['ann@example.org', '--check', '-'], 2, 'object-what'],
    [['--check', '-', '--export', 'x'], 2, 'object-what'],
    [['--export', '-'], 2, 'object-what'],
    [['ann@example.org', '--channel', 'Marketing mails'], 2, 'channel-invalid'],
    [['ann'], 2, 'address-invalid'],
    [['twin@example.org'], 6, 'person-ambiguous'],
    [['twin@example.org', '--shared', 'twin@example.org'], 2, 'name-shared'],
    [['ann@example.org', '--reason', 'of ann+news@example.org'], 2, 'text-names-person'],
    [['ann@example.org', '--withdraw'], 2, 'objection-unknown'],
    [['ann@example.org', '--profile', 'keyless'], 2, 'not-configured'],
    [['--check', 'gone.txt'], 2, 'file-unreadable'],
    [['--export', 'map.yaml/list'], 2, 'file-unwritable'],
  ];
  for (const [argv, exitCode, code] of refusals)
    expect(await tell(argv, exitCode), argv.join(' ')).toMatchObject({ code });
  expect(await tell(['--export', 'empty.txt'])).toMatchObject({ entries: 0, channels: [], keyIds: [] });
});

test('every name of a person goes on the list, the one of the office as well', async () => {
  const objected = await tell(['ann@example.org', '--reason', 'T-1']);
  // The id, the number, and the address with its tag and without.
  expect(objected).toMatchObject({ did: 'object', channel: 'marketing', added: 4, names: 4, found: true });
  expect(await tell(['account.id=7'])).toMatchObject({ added: 0, names: 4 });
  const unknown = await tell(['zoe@example.org', '--channel', 'analytics']);
  expect(unknown).toMatchObject({
    added: 1,
    found: false,
    warnings: [expect.stringContaining('no such person')],
  });
});

test('senders read a list that holds no name, and check it by its documented format', async () => {
  expect(await tell(['--export', 'list.txt'])).toMatchObject({
    entries: 5,
    channels: ['analytics', 'marketing'],
    keyIds: nameHasher([older]).keyIds,
  });
  const text = await readFile(join(world.folder, 'list.txt'), 'utf8');
  expect((await stat(join(world.folder, 'list.txt'))).mode & 0o777).toBe(0o600);
  const [head, ...lines] = text.trimEnd().split('\n');
  expect(head).toMatch(/^# postern suppression list 1, \d{4}-\d\d-\d\dT[\d:.]+Z$/);
  expect(lines.every((line) => /^[a-z-]+ [0-9a-f]{8}:[0-9a-f]{64}$/.test(line))).toBe(true);
  const ann = nameHasher([older]).hash('suppression', 'email', 'ann+news@example.org');
  expect(lines).toContain(`marketing ${ann}`);
  expect(lines).not.toContain(`analytics ${ann}`);
  const piped = await world.must('subject', 'object', '--export', '-', '--channel', 'analytics');
  expect(piped.stdout.trimEnd().split('\n')).toHaveLength(2);
  expect(piped.stderr).toContain('1 line, under the keys ');
});

test('a file of recipients is checked by the numbers of its lines', async () => {
  const lines =
    'bob@example.org\r\nANN@example.org\n\naccount.phone=0049301\nann+shop@example.org\naccount.phone=49301';
  expect(await tell(['--check', '-'], 3, lines)).toMatchObject({
    checked: 5,
    // By the tag as well, which the map calls a variant.
    suppressed: [2, 5, 6],
    unreadable: [],
  });
  expect(await tell(['--check', '-', '--channel', 'analytics'], 0, lines)).toMatchObject({ suppressed: [] });
  const unreadable = await tell(
    ['--check', '-'],
    4,
    'bob@example.org\nno address\nJ\uFFFDrgen@example.org\nann@example.org,Ann\n',
  );
  expect(unreadable).toMatchObject({
    checked: 1,
    // What was no UTF-8 is nobody's name, and may be somebody's on the list.
    unreadable: [2, 3, 4],
    warnings: [expect.stringContaining('lines 2, 3, 4')],
  });
  await world.file('recipients.txt', lines);
  const text = await world.run('subject', 'object', '--check', 'recipients.txt');
  expect(text).toMatchObject({
    code: 3,
    stdout: '2\n5\n6\n',
    stderr: expect.stringContaining('3 of 5 names'),
  });
});

test('names stay on the list when the key is replaced, and go under the new one as they come by', async () => {
  const rotated = with_('rotated.yaml');
  expect(await tell(['--check', '-', ...rotated], 3, 'ann@example.org')).toMatchObject({ suppressed: [1] });
  const lost = with_('lost.yaml');
  // What nobody can look up is not taken for nobody.
  expect(await tell(['--check', '-', ...lost], 0, 'ann@example.org')).toMatchObject({
    suppressed: [],
    unknown: [{ keyId: nameHasher([older]).keyIds[0], entries: 4 }],
    warnings: [expect.stringContaining('is not configured')],
  });
  const [newId] = nameHasher([newer]).keyIds;
  const [oldId] = nameHasher([older]).keyIds;
  const all = 'ann+news@example.org\nbob@example.org\nzoe@example.org\naccount.id=7\n';
  expect(await tell(['--rehash', '-', ...rotated], 0, all)).toMatchObject({
    checked: 4,
    rehashed: 3,
    // The telephone's, which was not named.
    remaining: [{ keyId: oldId, entries: 1, configured: true }],
    warnings: [expect.stringContaining('must stay configured')],
  });
  expect(await tell(['--rehash', '-', ...rotated], 0, all)).toMatchObject({ rehashed: 0 });
  expect(await tell(['--check', '-', ...lost], 3, 'ann+x@example.org\nbob@example.org')).toMatchObject({
    suppressed: [1],
  });
  expect(await tell(['--export', 'list.txt', ...rotated])).toMatchObject({
    entries: 5,
    keyIds: expect.arrayContaining([newId, oldId]),
  });
});

test('a withdrawal takes every name off, under whichever key it stands there, of that channel alone', async () => {
  const rotated = with_('rotated.yaml');
  expect(await tell(['account.id=7', '--withdraw', ...rotated])).toMatchObject({
    did: 'withdraw',
    removed: 4,
  });
  expect(await tell(['--check', '-', ...rotated], 0, 'ann@example.org')).toMatchObject({ suppressed: [] });
  const analytics = ['--channel', 'analytics', ...rotated];
  expect(await tell(['--check', '-', ...analytics], 3, 'zoe@example.org')).toMatchObject({ suppressed: [1] });
  await tell(['ann@example.org', ...rotated]);
  expect(await tell(['--check', '-', ...rotated], 3, 'ann@example.org')).toMatchObject({ suppressed: [1] });
});

test('the audit log knows of it, and nothing that is kept names anybody', async () => {
  await withConnection({ url: world.state.url, role: 'test' }, async (client) => {
    const { rows } = await client.query(
      `select distinct body::jsonb ->> 'action' as action from postern.audit_entry`,
    );
    expect(rows.map(({ action }) => action)).toEqual(
      expect.arrayContaining(['subject.object', 'subject.object-withdraw', 'subject.object-rehash']),
    );
    for (const table of ['audit_entry', 'objection_event', 'objection_hash']) {
      const named = await client.query(
        `select from postern.${table} t where t::text ~* 'example\\.org|49 ?30'`,
      );
      expect(named.rowCount, table).toBe(0);
    }
  });
});

test('who signed up twice objects as one person, where somebody says so', async () => {
  expect(await tell(['twin@example.org', '--one-person'])).toMatchObject({ found: true, names: 3 });
});
