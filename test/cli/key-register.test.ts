import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { keyMapText } from '../support/key-context.ts';
import { type KeyWorld, keyWorld } from '../support/key-world.ts';
import { checkedJson } from './checked-json.ts';
import { type CliWorld, preparedWorld } from './cli-world.ts';

/** A profile with keys of every kind but DKIM, and variants of it in which something is wrong. */
let world: CliWorld;
let platform: KeyWorld;

beforeAll(async () => {
  world = await preparedWorld();
  platform = await keyWorld({ persons: 4, tokensEach: 2 });
  const [, , kmsPath = '', passphrase = ''] = platform.childArguments;
  await world.file('secrets/kms-passphrase', passphrase);
  await world.file('secrets/mail-url', platform.platformUrl);
  await world.file('map.yaml', keyMapText);
  const config = parse(await readFile(join(world.folder, 'postern.yaml'), 'utf8'));
  const whole = {
    ...config.profiles.test,
    platform: { url: '${file:secrets/mail-url}', map: 'map.yaml' },
    kms: { adapter: 'local', path: kmsPath, passphrase: '${file:secrets/kms-passphrase}' },
  };
  config.profiles = {
    test: whole,
    short: { ...whole, keys: { cryptoperiods: { openpgp: '1s' } } },
    away: { ...whole, platform: { url: '${file:secrets/nobody}', map: 'map.yaml' } },
    bare: {},
  };
  await world.file('secrets/nobody', 'postgresql://nobody@127.0.0.1:1/none\n');
  await world.file('postern.yaml', stringify(config));
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

test('every key of the profile is listed, and status is fine', async () => {
  const { keys, unasked, census } = await tell('key list');
  expect(unasked).toEqual([]);
  expect(census).toBeNull();
  expect(keys.map(({ kind, state, verdict }: Record<string, string>) => [kind, state, verdict])).toEqual([
    ['kek', 'enabled', 'fine'],
    ['dek', 'active', 'fine'],
    ['openpgp-recipient', 'valid', 'fine'],
    ['openpgp-recipient', 'valid', 'fine'],
    ['openpgp-signer', 'valid', 'fine'],
    ['certificate-signer', 'not used yet', 'fine'],
  ]);
  expect(await tell('key status', ['--fail-overdue'])).toMatchObject({ verdict: 'fine' });
  expect((await world.must('key', 'status')).stdout).toMatch(/^test: fine, all of 6 keys\n/);
  const { keys: some } = await tell('key list', ['--kind', 'dek', '--kind', 'kek']);
  expect(some).toHaveLength(2);
});

test('what the table and the file call a key, the other commands know', async () => {
  const { keys } = await tell('key list');
  const { stdout: table } = await world.must('key', 'list');
  const [, ...rows] = table.trimEnd().split('\n');
  const { stdout: csv } = await world.must('key', 'list', '--output', 'csv');
  for (const [index, { id, name }] of keys.entries()) {
    expect(csv).toContain(`,${id},`);
    const [, , short] = (rows[index] ?? '').split(/ {2,}/);
    const shown = await tell('key show', [short === '–' ? name : (short ?? '')]);
    expect(shown.keys, short).toMatchObject([{ id }]);
  }
});

test('a census is taken when asked for, and `key census` records its own', async () => {
  expect(await tell('key list', ['--census'])).toMatchObject({ census: { values: 8, findings: 0 } });
  await tell('key census');
  const { stdout } = await world.must('key', 'list', '--output', 'csv', '--kind', 'dek');
  expect(stdout).toMatch(
    /^kind,name,id,state,version,keys,age d,ends,values,verdict,next\r\ndek,app\.key,dek:app\.key:active,active,1,4,0,/,
  );
  expect(stdout).toContain(',8,fine,');
});

test('a key that is past its cryptoperiod makes status overdue: exit 3 where that was asked for', async () => {
  const metrics = join(world.folder, 'keys.prom');
  const argv = ['--profile', 'short', '--prometheus', metrics];
  const status = await tell('key status', [...argv, '--fail-overdue'], 3);
  expect(status).toMatchObject({ verdict: 'overdue' });
  expect(await readFile(metrics, 'utf8')).toMatch(
    /^postern_key_verdict\{profile="short",job="key-status"\} 3$/m,
  );
  expect(await tell('key status', argv)).toMatchObject({ verdict: 'overdue' });
  const report = join(world.folder, 'keys.html');
  const { stdout, stderr } = await world.must('key', 'status', '--profile', 'short', '--report', report);
  expect(await readFile(report, 'utf8')).toMatch(/^<!doctype html>[\s\S]*2 keys overdue\./);
  expect(stdout).toMatch(/^short: overdue, 2 overdue of 6 keys\n/);
  expect(stderr).toContain('its cryptoperiod ended on');
  expect(await tell('key status', ['--within', 'soon'], 2)).toMatchObject({ code: 'duration-invalid' });
});

test('a platform that cannot be asked is told with exit 4, and the other keys all the same', async () => {
  const { keys, unasked } = await tell('key list', ['--profile', 'away'], 4);
  expect(unasked).toMatchObject([{ source: 'the keyrings' }]);
  expect(keys.map(({ kind }: Record<string, string>) => kind)).toContain('openpgp-recipient');
  expect(await tell('key status', ['--profile', 'away', '--fail-overdue'], 4)).toMatchObject({
    verdict: 'unknown',
  });
  expect(await tell('key list', ['--profile', 'bare'])).toMatchObject({ keys: [], unasked: [] });
});

test('a recipient is needed by the sets that it alone opens, and a signer of certificates ages from the first', async () => {
  await world.must('backup', 'run');
  const { keys } = await tell('key list');
  const { keys: without } = await tell('key list', ['--no-ask-stores']);
  const recipients = (all: readonly Record<string, unknown>[]) =>
    all.filter(({ kind }) => kind === 'openpgp-recipient').map(({ needed }) => needed);
  const news = { why: 'new backup sets are made for it', setId: null, until: null };
  expect(recipients(keys)).toEqual([[news], [news]]);
  expect(recipients(without)).toEqual([[news], [news]]);
});

test('a key is shown by its name, with the data keys of a subject', async () => {
  const { stdout } = await world.must('key', 'show', 'app.key');
  expect(stdout).toMatch(/^dek app\.key\n {2}id {12}dek:app\.key:active\n/);
  expect(stdout).toContain('encryptions   4,294,967,294 left');
  const { rows } = await platform.platform.query('select person_id::text as id from app.key limit 1');
  const { versions } = await tell('key show', ['app.key', '--subject', String(rows[0].id)]);
  expect(versions).toMatchObject([{ version: 1, state: 'active' }]);
  expect(await tell('key show', ['nothing'], 2)).toMatchObject({ code: 'key-unknown' });
});

test('schedule print has key status, with --fail-overdue', async () => {
  const { stdout } = await world.must('schedule', 'print', '--job', 'key-status', '--format', 'cron');
  expect(stdout).toContain('key status --fail-overdue');
});
