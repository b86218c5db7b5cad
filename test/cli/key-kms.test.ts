import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { type KeyWorld, keyWorld } from '../support/key-world.ts';
import { checkedJson } from './checked-json.ts';
import { type CliWorld, cliWorld } from './cli-world.ts';

let world: CliWorld;
let platform: KeyWorld;

beforeAll(async () => {
  world = await cliWorld();
  platform = await keyWorld({ persons: 1, tokensEach: 1 });
  const [, , kmsPath = '', passphrase = ''] = platform.childArguments;
  await world.file('secrets/kms-passphrase', passphrase);
  const config = parse(await readFile(join(world.folder, 'postern.yaml'), 'utf8'));
  config.profiles.test.kms = {
    adapter: 'local',
    path: kmsPath,
    passphrase: '${file:secrets/kms-passphrase}',
  };
  await world.file('postern.yaml', stringify(config, { aliasDuplicateObjects: false }));
  await world.must('state', 'migrate');
});
afterAll(async () => {
  await world?.close();
  await platform?.close();
});

test('a KMS key is made, is in the register, and on the audit log', async () => {
  const argv = ['key', 'kms', 'create', '--description', 'takes over'];
  expect(await world.run(...argv)).toMatchObject({ code: 2, stderr: expect.stringContaining('--yes') });
  const { result } = await checkedJson('key kms create', await world.run(...argv, '--yes', '--json'));
  expect(result).toMatchObject({ usage: 'encrypt', description: 'takes over' });
  const { keys } = (await world.run('key', 'list', '--json')).json().result;
  expect(keys).toContainEqual(expect.objectContaining({ id: `kek:${result.arn}`, name: 'takes over' }));
  expect((await world.must('audit', 'log', '--json')).stdout).toContain('"key.kms.create"');
  const { wrapped } = await platform.kms.generateDataKey(platform.kek, { person: 'p', version: '1' });
  expect(wrapped.length).toBeGreaterThan(32);
});

test('one without a description is not', async () => {
  const run = await world.run('key', 'kms', 'create', '--description', ' ', '--yes', '--json');
  expect(run.json().error).toMatchObject({ code: 'description-empty', exitCode: 2 });
});
