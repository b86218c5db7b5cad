import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { withConnection } from '../../src/lib/base/postgres.ts';
import { checkedJson } from './checked-json.ts';
import { type CliWorld, preparedWorld } from './cli-world.ts';

let world: CliWorld;
let older: string;
let newer: string;

beforeAll(async () => {
  world = await preparedWorld();
  older = (await tell('backup run', [])).setId;
  newer = (await tell('backup run', [])).setId;
  const config = parse(await readFile(join(world.folder, 'postern.yaml'), 'utf8'));
  const { test: profile } = config.profiles;
  profile.stores.gone = { adapter: 'local', path: 'postern.yaml/gone' };
  profile.backup.destinations.gone = { store: 'gone', required: false };
  await world.file('gone.yaml', stringify(config));
  delete profile.backup.secret_keys;
  delete profile.state;
  profile.backup.destinations = { offsite: { store: 'offsite' } };
  await world.file('keyless.yaml', stringify(config));
});

afterAll(() => world?.close());

// oxlint-disable-next-line typescript/no-explicit-any -- tests look into results of every shape
async function tell(command: string, argv: readonly string[], code = 0): Promise<any> {
  const run = await world.run(...command.split(' '), ...argv, '--json');
  expect(run, `${argv.join(' ')}\n${run.stdout}${run.stderr}`).toMatchObject({ code });
  const json = await checkedJson(command, run);
  return json.error ?? { ...json.result, warnings: json.warnings };
}

const verify = (argv: readonly string[], code = 0) => tell('backup verify', argv, code);

test('every level looks at the newest set, and a person is told how closely', async () => {
  for (const level of ['list', 'head', 'sample=20%', 'full']) {
    expect(await verify(['--level', level])).toMatchObject({ setId: newer, level, outcome: 'passed' });
  }
  const sample = await world.must('backup', 'verify', '--level', 'sample=20%');
  expect(sample.stdout).toMatch(/ of \d+ are as they were signed, and [\d,]+ rows as they were read\n$/);
  expect(sample.stderr).toMatch(/^repeat this sample with --seed [0-9a-f]{8}@20\S+Z$/m);
});

test('flags that make no sense together are refused with 2', async () => {
  for (const argv of [
    ['--level', 'most'],
    ['--level', 'list', '--resume'],
    ['--level', 'full', '--seed', 'a'],
    ['--max-egress', 'much'],
    ['--from', 'nowhere'],
    ['--from', 'offsite', '--all-destinations'],
    [older, '--all'],
  ])
    await verify(argv, 2);
});

test('the egress cap ends with 4, and --resume goes on to 0', async () => {
  const { egress, rows } = await verify([]);
  const capped = await verify(['--max-egress', `${egress - 1}B`], 4);
  expect(capped).toMatchObject({ outcome: 'incomplete', findings: [] });
  const resumed = await verify(['--resume']);
  expect(resumed).toMatchObject({ outcome: 'passed', rows });
  expect(resumed.skipped.files).toBeGreaterThan(0);
  const text = await world.run('backup', 'verify', '--max-egress', `${egress - 1}B`);
  expect(text).toMatchObject({ code: 4, stderr: expect.stringContaining('go on with --resume') });
});

test('all sets at all destinations: one that cannot be opened ends with 4, and the others are verified', async () => {
  const all = ['--all', '--all-destinations', '--level', 'list'];
  expect(await verify(all)).toMatchObject({
    results: [{ setId: newer }, { setId: older }],
    failures: [],
    skipped: [],
    remaining: [],
  });
  const some = await verify([...all, '--config', 'gone.yaml'], 4);
  expect(some).toMatchObject({
    results: [{ setId: newer }, { setId: older }],
    failures: [{ destination: 'gone', setId: null, exitCode: 1 }],
    warnings: [expect.stringMatching(/^gone: /)],
  });
  await verify(['--from', 'gone', '--config', 'gone.yaml'], 1);
});

test('without a state database and a key it verifies, and says what it cannot', async () => {
  const run = await world.run('backup', 'verify', '--config', 'keyless.yaml');
  expect(run).toMatchObject({ code: 0 });
  expect(run.stderr).toContain('cannot be resumed');
  expect(run.stderr).toContain('no secret key is configured here, so the contents were not opened');
  expect(await verify(['--config', 'keyless.yaml'])).toMatchObject({ opened: false, rows: null });
});

test('a list tells locks and verifications, and a set that is known and gone with 5', async () => {
  const listed = await tell('backup list', []);
  expect(listed).toMatchObject({
    destinations: [{ name: 'offsite', error: null }],
    sets: [
      { setId: older, state: 'complete' },
      {
        setId: newer,
        state: 'complete',
        lastVerified: { level: 'list', outcome: 'passed' },
        lastFull: { outcome: 'passed' },
      },
    ],
  });
  const text = await world.must('backup', 'list');
  expect(text.stdout).toMatch(
    /^destination +set +started +state +files +size +locked until +verified +read in full$/m,
  );
  expect(text.stdout).toMatch(
    new RegExp(`^offsite +${newer} .* list 20\\d\\d-\\d\\d-\\d\\d +20\\d\\d-\\d\\d-\\d\\d$`, 'm'),
  );
  expect((await tell('backup list', ['--config', 'gone.yaml'], 4)).sets).toHaveLength(2);
  await tell('backup list', ['--config', 'gone.yaml', '--from', 'gone'], 1);
  expect((await tell('backup list', ['--config', 'keyless.yaml'])).warnings).toHaveLength(1);
  const missing = '20991231T000000Z-00000000';
  await withConnection({ url: world.state.url, role: 'state database' }, (client) =>
    client.query(`
      insert into postern.backup_set (set_id, profile, started_at, finished_at, state, manifest_sha256)
        values ('${missing}', 'test', now(), now(), 'complete', repeat('0', 64));
      insert into postern.backup_copy (set_id, destination, location, is_required, state, finished_at)
        values ('${missing}', 'offsite', 'somewhere', true, 'complete', now());`),
  );
  expect((await tell('backup list', [], 5)).sets.at(-1)).toMatchObject({ setId: missing, state: 'missing' });
  expect((await verify(['--level', 'list'], 5)).findings).toMatchObject([{ kind: 'register' }]);
  expect((await verify(['--all', '--level', 'list'], 5)).results[0]).toMatchObject({
    setId: missing,
    findings: [{ kind: 'missing' }],
  });
});
