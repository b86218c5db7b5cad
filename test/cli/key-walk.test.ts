import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { parse, stringify } from 'yaml';
import { withConnection } from '../../src/lib/base/postgres.ts';
import { generateKeyPair } from '../../src/lib/crypto/openpgp-key.ts';
import { keyMapText } from '../support/key-context.ts';
import { type KeyWorld, keyWorld } from '../support/key-world.ts';
import { checkedJson } from './checked-json.ts';
import { type CliWorld, cliWorld, start } from './cli-world.ts';

/** One story in its order: what is encrypted is counted, walked, quarantined, wrapped anew, and shredded. */
let world: CliWorld;
let platform: KeyWorld;
let database: string;

beforeAll(async () => {
  world = await cliWorld();
  platform = await keyWorld({ persons: 3, tokensEach: 4 });
  database = new URL(platform.platformUrl).pathname.slice(1);
  const [, , kmsPath = '', passphrase = ''] = platform.childArguments;
  await world.file('secrets/kms-passphrase', passphrase);
  await world.file('secrets/mail-url', platform.platformUrl);
  await world.file('map.yaml', keyMapText);
  const config = parse(await readFile(join(world.folder, 'postern.yaml'), 'utf8'));
  const url = '${file:secrets/mail-url}';
  config.profiles.test.platform = { url, write_url: url, map: 'map.yaml' };
  config.profiles.test.kms = {
    adapter: 'local',
    path: kmsPath,
    passphrase: '${file:secrets/kms-passphrase}',
  };
  const strict = { operator: { secret_key: 'alice.sec.asc' }, approvals: { default: 1 } };
  config.profiles.strict = { ...config.profiles.test, ...strict };
  await world.file('postern.yaml', stringify(config, { aliasDuplicateObjects: false }));
  await world.must('state', 'migrate');
  await world.must('certificate', 'keys', 'init', '--directory', 'keys');
});
afterAll(async () => {
  await world?.close();
  await platform?.close();
});

// oxlint-disable-next-line typescript/no-explicit-any -- tests look into results of every shape
async function tell(command: string, argv: readonly string[] = [], code = 0): Promise<any> {
  const run = await world.run(...command.split(' '), ...argv, '--json');
  expect(run, `${command}\n${run.stdout}${run.stderr}`).toMatchObject({ code });
  const json = await checkedJson(command, run);
  return json.error ?? json.result;
}

test('a census counts the values by their keys', async () => {
  expect(await tell('key census')).toMatchObject({
    findings: [],
    columns: [expect.objectContaining({ table: 'app.token', column: 'secret' })],
  });
});

test('a dry run forecasts a re-encryption and changes nothing; applied, every value is under a new key', async () => {
  const forecast = { values: 12 };
  const dry = await tell('key reencrypt', ['--dry-run', '--writer-cache', '0']);
  expect(dry).toMatchObject({ outcome: 'not stored', forecast, actual: null });
  const keys = () => platform.platform.query(`select id from app.key where state <> 'drained'`);
  expect((await keys()).rowCount).toBe(3);
  const applied = await tell('key reencrypt', ['--yes', '--writer-cache', '0']);
  expect(applied).toMatchObject({ outcome: 'applied', forecast, actual: { values: 12 } });
  expect((await keys()).rowCount).toBe(3);
  platform.forgetKeys();
  expect(await platform.readTokens()).toEqual(platform.tokens);
});

test('a value that does not open is quarantined, listed, and lets the plan be done once it is repaired', async () => {
  expect(await tell('key quarantine')).toMatchObject({ total: 0 });
  const [[token = '', plaintext = ''] = []] = platform.tokens;
  const [person = '', name = ''] = token.split('/');
  const where = 'where person_id = $1 and name = $2';
  await platform.platform.query(
    `update app.token set secret = set_byte(secret, 60, get_byte(secret, 60) # 1) ${where}`,
    [person, name],
  );
  const planned = await tell('key reencrypt', ['--plan-only', '--writer-cache', '0']);
  const left = await world.run('plan', 'apply', planned.planId, '--yes');
  expect(left).toMatchObject({ code: 7, stderr: expect.stringContaining('postern key quarantine') });
  const one = { total: 1, values: [{ key: [person, name] }], resolved: [] };
  expect(await tell('key quarantine', [], 3)).toMatchObject(one);
  expect(await tell('key quarantine', ['--resolve'], 3)).toMatchObject(one);
  platform.forgetKeys();
  await platform.platform.query(
    `update app.token set secret = $3, key_id = (select id from app.key where person_id = $1 and state = 'active') ${where}`,
    [person, name, await platform.seal(person, name, plaintext)],
  );
  expect(await tell('key quarantine', ['--resolve'])).toMatchObject({
    total: 0,
    resolved: [{ table: 'app.token', column: 'secret', why: 'value-active', values: 1 }],
  });
  await world.must('plan', 'apply', planned.planId, '--yes');
});

test('another host takes parts of a walk, and ends with it', async () => {
  const planned = await tell('key reencrypt', ['--plan-only', '--writer-cache', '0']);
  const isThere = (text: string, values: readonly string[] = []) =>
    withConnection({ url: world.state.url, role: 'test' }, async (client) => {
      const { rowCount } = await client.query(text, [...values]);
      return (rowCount ?? 0) > 0;
    });
  const patience = { timeout: 20_000, interval: 20 };
  // The walk cannot write anything before the other host has come.
  const held = await platform.platform.connect();
  await held.query('begin; select from app.token for update');
  const first = start(['plan', 'apply', planned.planId, '--yes'], world.folder);
  const part = 'select from postern.key_walk_part where plan_id = $1';
  await vi.waitUntil(() => isThere(part, [planned.planId]), patience);
  const working = world.run('key', 'work', planned.planId, '--json');
  await vi.waitUntil(
    () => isThere(`select from postern.audit_entry where body::jsonb ->> 'action' = 'key.work'`),
    patience,
  );
  await held.query('commit');
  held.release();
  expect((await checkedJson('key work', await working)).result).toMatchObject({ planId: planned.planId });
  expect(await first.ended).toBe(0);
  platform.forgetKeys();
  expect(await platform.readTokens()).toEqual(platform.tokens);
});

test('an author who is not enrolled is told which plan waits for the signature', async () => {
  const alice = await generateKeyPair({ name: 'alice', email: 'alice@example.org', purpose: 'sign' });
  await world.file('alice.sec.asc', alice.secretKey);
  const refusal = await tell('key reencrypt', ['--plan-only', '--profile', 'strict'], 6);
  expect(refusal.code).toBe('operator-unknown');
  const { plans } = await tell('plan list', ['--profile', 'strict']);
  expect(refusal.hints.at(-1)).toContain(`postern plan sign ${plans[0].id.slice(0, 12)}`);
});

test('what wraps the data keys is replaced', async () => {
  expect(await tell('key rotate kek', ['--yes'])).toMatchObject({
    outcome: 'applied',
    actual: { rewrapped: 12 },
  });
  platform.forgetKeys();
  expect(await platform.readTokens()).toEqual(platform.tokens);
});

test('a subject is shredded once the name of the database was given, and nobody reads its values', async () => {
  const [token = ''] = [...platform.tokens.keys()];
  const [person = ''] = token.split('/');
  const shred = [person, '--reason', 'request 17'];
  expect(await tell('key shred', shred, 2)).toMatchObject({ hints: [expect.stringContaining('--confirm')] });
  const done = await tell('key shred', [...shred, '--confirm', database]);
  expect(done).toMatchObject({ outcome: 'applied' });
  platform.forgetKeys();
  await expect(platform.readTokens()).rejects.toThrow();
});
