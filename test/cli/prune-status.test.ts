import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { checkedJson } from './checked-json.ts';
import { type CliWorld, preparedWorld } from './cli-world.ts';

/** The tests of this file go on from each other: two sets that nothing locks. */
let world: CliWorld;

beforeAll(async () => {
  world = await preparedWorld();
  const config = parse(await readFile(join(world.folder, 'postern.yaml'), 'utf8'));
  config.profiles.test.backup.destinations = {
    offsite: { store: 'offsite' },
    late: { store: 'offsite', prefix: 'late', required: false },
  };
  config.profiles.test.backup.prune = { keep_last: 1 };
  config.profiles.lost = { ...config.profiles.test, state: { url: '${file:secrets/no-state}' } };
  await world.file('postern.yaml', stringify(config));
  await world.file('secrets/no-state', 'postgresql://nobody@127.0.0.1:1/none\n');
});
afterAll(() => world?.close());

// oxlint-disable-next-line typescript/no-explicit-any -- tests look into results of every shape
async function tell(command: string, argv: readonly string[] = [], code = 0): Promise<any> {
  const run = await world.run(...command.split(' '), ...argv, '--json');
  expect(run, `${command}\n${run.stdout}${run.stderr}`).toMatchObject({ code });
  const json = await checkedJson(command, run);
  return json.error ?? json.result;
}

test('before the first set, status is unknown; after it, fresh; and stale when the limit is short', async () => {
  expect(await tell('backup status', [], 4)).toMatchObject({ verdict: 'unknown' });
  await world.must('backup', 'run');
  await world.must('backup', 'run');
  const metrics = join(world.folder, 'postern.prom');
  expect(await tell('backup status', ['--prometheus', metrics])).toMatchObject({
    verdict: 'fresh',
    destinations: [
      { name: 'offsite', sets: 2, store: 'asked' },
      { name: 'late', sets: 2, required: false },
    ],
  });
  expect(await readFile(metrics, 'utf8')).toMatch(
    /^postern_backup_age_seconds\{destination="offsite",profile="test",job="backup-status"\} \d/m,
  );
  expect(await tell('backup status', ['--max-age', '1s', '--no-ask-stores'], 3)).toMatchObject({
    verdict: 'stale',
  });
  expect(await tell('backup status', ['--max-drill-age', '9d'], 4)).toMatchObject({ verdict: 'unknown' });
  expect(await tell('backup status', ['--max-age', 'soon'], 2)).toMatchObject({ code: 'duration-invalid' });
});

test('a person reads the verdict in the first line, and a state database that is away is unknown', async () => {
  const { stdout } = await world.must('backup', 'status');
  expect(stdout).toMatch(/^test: fresh, by 1 of 2 destinations\n\noffsite: fresh\n {2}last set {6}\d{8}T/);
  const csv = await world.must('backup', 'status', '--output', 'csv');
  expect(csv.stdout).toMatch(/^destination,verdict,last set,/);
  expect(await tell('backup status', ['--profile', 'lost'], 4)).toMatchObject({
    verdict: 'unknown',
    destinations: [
      { problems: [{ message: expect.stringContaining('state database cannot be asked') }] },
      {},
    ],
  });
});

test('a prune is shown, refused without the name of its destination, and applied with it', async () => {
  const dry = await tell('backup prune', ['--dry-run']);
  expect(dry).toMatchObject({ outcome: 'not stored', removed: null, destination: 'offsite' });
  expect(dry.entries.filter(({ what }: { readonly what: string }) => what === 'set')).toMatchObject([
    { action: 'remove' },
    { action: 'keep', reasons: ['one of the last', 'the newest complete set'] },
  ]);
  expect(await tell('backup prune', [], 2)).toMatchObject({ code: 'needs-answer' });
  expect(await tell('backup prune', ['--confirm', 'late'], 6)).toMatchObject({ code: 'not-confirmed' });
  expect(await tell('backup prune', ['--keep-last', '0'], 2)).toMatchObject({ code: 'prune-without-rules' });
  expect(await tell('backup prune', ['--from', 'nowhere'], 2)).toMatchObject({ code: 'destination-unknown' });
  expect(await tell('backup prune', ['--confirm', 'offsite'])).toMatchObject({
    outcome: 'applied',
    removed: { sets: 1 },
    certificateId: expect.stringMatching(/^[0-9a-f]{64}$/),
  });
  expect(await tell('backup prune', ['--confirm', 'offsite'])).toMatchObject({
    outcome: 'nothing to remove',
  });
  expect(await tell('backup status')).toMatchObject({
    destinations: [
      { name: 'offsite', sets: 1 },
      { name: 'late', sets: 2 },
    ],
  });
});

test('a plan of another destination is applied there, by its id', async () => {
  const { planId } = await tell('backup prune', ['--from', 'late', '--plan-only']);
  expect(await tell('plan apply', [planId, '--confirm', 'late'])).toMatchObject({ kind: 'backup.prune' });
  expect(await tell('backup status')).toMatchObject({
    destinations: [{ sets: 1 }, { name: 'late', sets: 1 }],
  });
});
