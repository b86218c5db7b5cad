import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { parse, stringify } from 'yaml';
import { keyMapText } from '../support/key-context.ts';
import { type KeyWorld, keyWorld } from '../support/key-world.ts';
import { checkedJson } from './checked-json.ts';
import { type CliWorld, preparedWorld, start } from './cli-world.ts';

/** One story in its order: a subject's key leaks, then the key that wraps all of them. */
let world: CliWorld;
let platform: KeyWorld;
let next: string;

beforeAll(async () => {
  world = await preparedWorld();
  platform = await keyWorld({ persons: 3, tokensEach: 4 });
  next = (await platform.kms.createKey({ usage: 'encrypt', description: 'takes over' })).arn;
  const [, , kmsPath = '', passphrase = ''] = platform.childArguments;
  await world.file('secrets/kms-passphrase', passphrase);
  await world.file('secrets/mail-url', platform.platformUrl);
  await world.file(
    'map.yaml',
    keyMapText
      .replace('app.token:\n', 'app.token:\n    tenant: note\n')
      .replace('    non_personal: [note]\n', ''),
  );
  const config = parse(await readFile(join(world.folder, 'postern.yaml'), 'utf8'));
  const url = '${file:secrets/mail-url}';
  config.profiles.test.platform = { url, write_url: url, map: 'map.yaml' };
  config.profiles.test.kms = {
    adapter: 'local',
    path: kmsPath,
    passphrase: '${file:secrets/kms-passphrase}',
  };
  await world.file('persons.yaml', keyMapText.replace('app.person:\n', 'app.person:\n    tenant: id\n'));
  config.profiles.persons = {
    ...config.profiles.test,
    platform: { url, write_url: url, map: 'persons.yaml' },
  };
  config.profiles.away = {
    ...config.profiles.test,
    platform: { url: '${file:secrets/nobody}', map: 'map.yaml' },
  };
  await world.file('secrets/nobody', 'postgresql://nobody@127.0.0.1:1/none\n');
  await world.file('postern.yaml', stringify(config, { aliasDuplicateObjects: false }));
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

async function states(): Promise<readonly string[]> {
  const { rows } = await platform.platform.query(
    'select state, count(*)::int as keys from app.key group by 1 order by 1',
  );
  return rows.map(({ state, keys }) => `${keys} ${state}`);
}

const commands = ({ steps }: { readonly steps: readonly { readonly command: readonly string[] | null }[] }) =>
  steps.flatMap(({ command }) => (command === null ? [] : [command.join(' ')]));

const planOf = ({ steps }: { readonly steps: readonly { readonly planId: string | null }[] }): string =>
  steps.map(({ planId }) => planId).find((planId) => planId !== null) ?? 'no plan';

test("a subject's data key: its values alone are counted, and put under a new key", async () => {
  const [token = ''] = [...platform.tokens.keys()];
  const [person = ''] = token.split('/');
  const argv = ['app.key', '--subject', person, '--writer-cache', '0'];
  const dry = await tell('key compromise', [...argv, '--dry-run']);
  expect(dry).toMatchObject({ key: { kind: 'dek', name: 'app.key' }, values: 4, subjects: 1, tenants: 1 });
  expect(commands(dry)).toContain(`key compromise app.key --subject ${person}`);
  expect((await tell('plan list')).plans).toEqual([]);

  const found = await tell('key compromise', argv);
  expect(await states()).toEqual(['3 active']);
  await world.must('plan', 'apply', planOf(found), '--yes');
  expect(await states()).toEqual(['3 active', '1 compromised']);
  platform.forgetKeys();
  expect(await platform.readTokens()).toEqual(platform.tokens);
  expect(await tell('key compromise', argv)).toMatchObject({ values: 4 });
  await tell('key census');
  const { keys } = await tell('key list');
  expect(keys).toContainEqual(
    expect.objectContaining({
      state: 'compromised',
      verdict: 'fine',
      next: { action: 'retire', from: null },
    }),
  );
});

test('a KMS key: all that it wraps, what to revoke first, and new data keys under another', async () => {
  const found = await tell('key compromise', [platform.kek]);
  expect(found).toMatchObject({
    key: { kind: 'kek' },
    values: 12,
    subjects: 3,
    columns: [{ table: 'app.token', column: 'secret', category: 'user.authorization', values: 12 }],
  });
  // Where the value's own row does not tell its tenant, that of its subject does.
  const persons = await tell('key compromise', [platform.kek, '--profile', 'persons']);
  expect([found.tenants, persons.tenants]).toEqual([1, 3]);
  expect(commands(found)[0]).toBe(`key compromise ${platform.kek} --to NEW-KEY`);
  const actions = found.steps.map(({ action }: { readonly action: string }) => action).join('\n');
  expect(actions).toMatch(/end the access[^]*revoked[^]*app.token.secret \(12 values\)[^]*72 hours/);

  const argv = [platform.kek, '--to', next, '--writer-cache'];
  const planned = await tell('key compromise', [...argv, '3s']);
  const order = commands(planned).map((command) => command.split(' ').slice(0, 2).join(' '));
  expect(order).toEqual(['plan apply', 'key census', 'backup run', 'key rotate', 'key retire']);
  const first = planOf(planned);
  const applying = start(['plan', 'apply', first, '--yes'], world.folder);
  await vi.waitUntil(async () => (await states()).includes('4 compromised'), {
    timeout: 20_000,
    interval: 20,
  });
  // An application goes on to make keys under the old one.
  const person = randomUUID();
  const { wrapped } = await platform.kms.generateDataKey(platform.kek, { person, version: '1' });
  await platform.platform.query(
    `with made as (insert into app.person values ($1) returning id)
     insert into app.key (id, person_id, version, state, kek, wrapped, region)
     select gen_random_uuid(), id, 1, 'active', $2, $3, 'eu' from made`,
    [person, platform.kek, Buffer.from(wrapped)],
  );
  expect(await applying.ended).toBe(7);
  expect(applying.stderr()).toContain('1 data key in app.key under the compromised KMS key');

  await world.must('plan', 'apply', planOf(await tell('key compromise', [...argv, '0'])), '--yes');
  await world.must('plan', 'apply', first, '--yes');
  expect(await states()).toEqual(['4 active', '5 compromised']);
  const { rows } = await platform.platform.query(
    `select from app.key where kek = $1 and state <> 'compromised'`,
    [platform.kek],
  );
  expect(rows).toHaveLength(0);
  platform.forgetKeys();
  expect(await platform.readTokens()).toEqual(platform.tokens);
});

test('and the old KMS key can be retired, once the other wraps what is left of the old data keys', async () => {
  expect(await tell('key retire', [platform.kek, '--dry-run'], 6)).toMatchObject({ isUnneeded: false });
  await tell('key rotate kek', ['--to', next, '--yes']);
  await tell('key census');
  const retired = await tell('key retire', [platform.kek, '--yes', '--writer-cache', '0']);
  expect(retired).toMatchObject({ isUnneeded: true, outcome: 'applied' });
  platform.forgetKeys();
  expect(await platform.readTokens()).toEqual(platform.tokens);
});

test('who reads at a terminal gets what it gave away, and numbered steps with their commands', async () => {
  const { stdout } = await world.must('key', 'compromise', next, '--dry-run');
  expect(stdout).toContain('12 values');
  expect(stdout).toMatch(/\n1\. end the access by which it leaked/);
  expect(stdout).toContain(`     postern key compromise ${next} --to NEW-KEY`);
});

test('keys that wrap nothing are told how they are replaced', async () => {
  const { keys } = await tell('key list');
  const idOf = (kind: string) => keys.find((key: { readonly kind: string }) => key.kind === kind).id;
  expect(commands(await tell('key compromise', [idOf('openpgp-recipient')]))).toContain('backup run');
  expect(commands(await tell('key compromise', [idOf('openpgp-signer')]))).toContain(
    'backup keys init --directory DIRECTORY --email ADDRESS',
  );
  expect(commands(await tell('key compromise', [idOf('certificate-signer')]))).toEqual([
    'certificate keys init --directory DIRECTORY',
  ]);
});

test('what is not there, is not clear, or cannot be asked is told', async () => {
  expect(await tell('key compromise', ['nothing'], 2)).toMatchObject({ code: 'key-unknown' });
  expect(await tell('key compromise', [next, '--to', next], 2)).toMatchObject({ code: 'key-itself' });
  const stranger = ['app.key', '--subject', '00000000-0000-4000-8000-000000000000'];
  expect(await tell('key compromise', stranger, 2)).toMatchObject({ code: 'subject-without-key' });
  const away = await tell('key compromise', ['nothing', '--profile', 'away'], 6);
  expect(away).toMatchObject({ code: 'key-not-found-now' });
});
