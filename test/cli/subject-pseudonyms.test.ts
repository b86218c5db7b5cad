import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { withConnection } from '../../src/lib/base/postgres.ts';
import { pseudonym, pseudonymKeysOf } from '../../src/lib/subject/pseudonym/index.ts';
import { checkedJson } from './checked-json.ts';
import { type CliWorld, cliWorld } from './cli-world.ts';

let world: CliWorld;
const older = randomBytes(32).toString('hex');
const [k1] = pseudonymKeysOf([{ version: 1, secret: older }]);

const map = `version: 1
subjects: {person: {identities: {name: {}}}}
tables:
  public.person:
    primary_key: [id]
    ownership: shared
    fields: {name: {type: text, category: user.name, identity: person.name, erase: {pseudonymise: hmac}}}
`;

beforeAll(async () => {
  world = await cliWorld();
  await world.file('map.yaml', map);
  await world.file('secrets/older', older);
  await world.file('secrets/newer', randomBytes(32).toString('base64'));
  const url = '${file:secrets/platform-url}';
  const state = { url: '${file:secrets/state-url}' };
  const profile = (subjects: object | undefined) => ({
    platform: { url, write_url: url, map: 'map.yaml' },
    state,
    ...(subjects === undefined ? {} : { subjects }),
  });
  const key = (version: number, name: string) => ({ version, key: `\${file:secrets/${name}}` });
  const keys = (...pseudonym_keys: readonly object[]) => profile({ pseudonym_keys });
  await world.file(
    'postern.yaml',
    stringify({
      version: 1,
      default_profile: 'test',
      profiles: { test: keys(key(2, 'newer'), key(1, 'older')), keyless: profile(undefined) },
    }),
  );
  await world.file(
    'wrong.yaml',
    stringify({ version: 1, profiles: { test: keys(key(1, 'older'), key(2, 'newer')) } }),
  );
  await world.file(
    'twice.yaml',
    stringify({ version: 1, profiles: { test: keys(key(2, 'older'), key(1, 'older')) } }),
  );
  await world.must('state', 'migrate');
  await withConnection({ url: world.platform.url, role: 'test' }, (client) =>
    client.query('update person set name = $1 where id <= 3', [
      pseudonym(k1, { kind: 'person.name' }, 'Ann'),
    ]),
  );
});
afterAll(async () => {
  await world?.close();
});

// oxlint-disable-next-line typescript/no-explicit-any -- tests look into results of every shape
async function tell(argv: readonly string[], code = 0): Promise<any> {
  const run = await world.run('subject', 'pseudonyms', 'rotate', ...argv, '--json');
  expect(run, `${argv.join(' ')}\n${run.stdout}${run.stderr}`).toMatchObject({ code });
  const json = await checkedJson('subject pseudonyms rotate', run);
  return json.error ?? json.result;
}
const names = () =>
  withConnection({ url: world.platform.url, role: 'test' }, async (client) => {
    const { rows } = await client.query('select distinct name from person where id <= 3');
    return rows.map(({ name }) => name);
  });

test('keys that cannot be are told before anything is looked at', async () => {
  expect(await tell(['--profile', 'keyless'], 2)).toMatchObject({ code: 'not-configured' });
  const wrong = await world.run(
    'subject',
    'pseudonyms',
    'rotate',
    '--config',
    join(world.folder, 'wrong.yaml'),
  );
  expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('newest version first') });
  const twice = ['--config', join(world.folder, 'twice.yaml'), '--profile', 'test'];
  expect(await tell(twice, 2)).toMatchObject({ code: 'subject-key-duplicate' });
  const { result } = await checkedJson(
    'config check',
    await world.run('config', 'check', '--json', ...twice),
  );
  expect(JSON.stringify(result)).toContain('subjects.pseudonym_keys');
});

test('nothing is changed by a dry run, by a plan alone, or where nobody says yes', async () => {
  const before = await names();
  const versions = [{ table: 'public.person', column: 'name', versions: [{ version: 1, values: 3 }] }];
  expect(await tell(['--dry-run'])).toMatchObject({
    outcome: 'not stored',
    values: 3,
    before: versions,
    after: null,
    planId: null,
  });
  expect(await tell(['--plan-only'])).toMatchObject({ outcome: 'planned', planId: expect.any(String) });
  expect(await tell([], 2)).toMatchObject({ code: 'needs-answer' });
  expect(await names()).toEqual(before);
});

test('every pseudonym is put under the newest key, and a second time there is nothing to do', async () => {
  const text = await world.must('subject', 'pseudonyms', 'rotate', '--yes');
  expect(text.stdout).toMatch(/public\.person +name +2 +3/);
  expect(text.stderr).toMatch(/3 pseudonyms put under version 2.*\nthis is no erasure/);
  expect(await names()).toEqual([expect.stringMatching(/^p2\.[a-z2-7]{24}$/)]);
  expect(await tell([])).toMatchObject({ outcome: 'nothing to do', values: 0, planId: null });
});
