import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { checkedJson } from './checked-json.ts';
import { type CliWorld, preparedWorld } from './cli-world.ts';

let world: CliWorld;
let original: string;

beforeAll(async () => {
  world = await preparedWorld();
  original = await readFile(join(world.folder, 'postern.yaml'), 'utf8');
});
afterAll(() => world?.close());
beforeEach(async () => {
  await rm(join(world.folder, 'disk'), { recursive: true, force: true });
  await world.file('postern.yaml', original);
});

const disk = { adapter: 'local', path: 'disk/store', durability: 'fast' };
const bucket = {
  adapter: 's3',
  bucket: 'example',
  region: 'eu-central-1',
  credentials: { access_key_id: '${env:NO_SUCH_KEY}', secret_access_key: '${file:secrets/none}' },
};

/** Writes a configuration with a second destination. */
async function configure(destination: object, stores: object = { disk, bucket }): Promise<void> {
  const config = parse(original);
  Object.assign(config.profiles.test.stores, stores);
  config.profiles.test.backup.destinations = { offsite: { store: 'offsite' }, second: destination };
  await world.file('postern.yaml', stringify(config));
}

// oxlint-disable-next-line typescript/no-explicit-any -- tests look into results of every shape
async function tell(command: string, argv: readonly string[] = [], code = 0): Promise<any> {
  const run = await world.run(...command.split(' '), ...argv, '--json');
  expect(run, `${command}\n${run.stdout}${run.stderr}`).toMatchObject({ code });
  const json = await checkedJson(command, run);
  return json.error ?? json.result;
}

test.each([
  ['a folder that is none', { store: 'disk' }, /file:.*disk\/store/, /not a directory/],
  ['a bucket whose credentials are not there', { store: 'bucket' }, /s3:\/\/example\//, /NO_SUCH_KEY/],
])(
  '%s stops no run where it is optional, and ends it with 7 where it is required',
  async (_, second, location, why) => {
    await writeFile(join(world.folder, 'disk'), 'not a folder');
    await configure({ ...second, required: false });
    expect(await tell('backup run')).toMatchObject({
      destinations: [
        { name: 'offsite', state: 'complete' },
        {
          name: 'second',
          state: 'failed',
          location: expect.stringMatching(location),
          reason: expect.stringMatching(why),
        },
      ],
    });
    expect(await tell('backup status')).toMatchObject({
      destinations: [{ verdict: 'fresh' }, { store: 'unreachable', lastFailure: {} }],
    });
    expect(await tell('backup list', [], 4)).toMatchObject({
      destinations: [{ error: null }, { name: 'second', error: expect.stringMatching(why) }],
    });
    expect((await tell('backup run', ['--dry-run'])).destinations).toMatchObject([
      { problem: null },
      { problem: expect.stringMatching(why) },
    ]);
    const doctor = await world.run('doctor', '--json');
    expect(doctor.json().result.lines).toContainEqual(
      expect.objectContaining({ component: 'backup', message: expect.stringContaining('second') }),
    );
    await configure(second);
    expect(await tell('backup run', [], 7)).toMatchObject({ code: 'destination-lacks-set' });
    const config = parse(await readFile(join(world.folder, 'postern.yaml'), 'utf8'));
    delete config.profiles.test.backup.destinations.offsite;
    await world.file('postern.yaml', stringify(config));
    const { stderr } = await world.run('backup', 'run');
    expect(stderr).toMatch(why);
  },
);

test('a disk that is not mounted gets no new store in passing, unless it is told to be one', async () => {
  await configure({ store: 'disk' });
  await world.must('backup', 'run');
  const mounted = join(world.folder, 'disk');
  await rename(mounted, `${mounted}-away`);
  expect(await tell('backup run', [], 7)).toMatchObject({
    message: expect.stringContaining('there is nothing at'),
    hints: expect.arrayContaining([expect.stringContaining('--accept-new-store second')]),
  });
  await tell('backup list', [], 5);
  const doctor = await world.run('doctor', '--json');
  expect(doctor.json().result.lines).toContainEqual(
    expect.objectContaining({
      component: 'destination second',
      state: 'finding',
      message: expect.stringContaining('there is nothing at'),
    }),
  );
  await expect(readFile(join(mounted, 'store/postern-object-store.json'))).rejects.toMatchObject({
    code: 'ENOENT',
  });
  expect(await tell('backup run', ['--accept-new-store', 'nowhere'], 2)).toMatchObject({
    code: 'destination-unknown',
    hints: ['its destinations are: offsite, second'],
  });
  expect(await tell('backup run', ['--accept-new-store', 'second'])).toMatchObject({
    destinations: [{ state: 'complete' }, { state: 'complete' }],
  });
  expect(await tell('backup list', ['--from', 'second'])).toMatchObject({ sets: [{ state: 'complete' }] });
});

test.each([
  ['backup status', ['--no-ask-stores']],
  ['backup list', []],
  ['backup run', []],
  ['backup prune', []],
])('%s refuses a destination at a store that is not configured', async (command, argv) => {
  await configure({ store: 'dsik' });
  expect(await tell(command, argv, 2)).toMatchObject({
    code: 'store-unknown',
    hints: ['the stores are: offsite, disk, bucket'],
  });
});

test('config check finds it as well', async () => {
  await configure({ store: 'dsik' }, { disk });
  expect(await tell('config check', [], 2)).toMatchObject({
    problems: [{ where: 'backup.destinations', hint: 'the stores are: offsite, disk' }],
  });
});

test.each([
  ['the same store', { store: 'offsite' }],
  ['another name of the same folder', { store: 'twin', prefix: 'backup/' }],
])('two destinations in %s are refused by their names', async (_, second) => {
  await configure(second, { twin: { adapter: 'local', path: './offsite/../offsite' } });
  expect(await tell('backup status', [], 2)).toMatchObject({
    code: 'destinations-overlap',
    message: 'the destinations offsite and second are one and the same place',
  });
  await configure({ ...second, prefix: 'other' }, { twin: { adapter: 'local', path: 'offsite' } });
  expect(await tell('config check')).toMatchObject({ problems: [] });
});
