import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { generateKeyPair } from '../../src/lib/crypto/openpgp-key.ts';
import { keyMapText } from '../support/key-context.ts';
import { type KeyWorld, keyWorld } from '../support/key-world.ts';
import { checkedJson } from './checked-json.ts';
import { type CliWorld, preparedWorld } from './cli-world.ts';

/** The tests tell one story in their order: a KMS key from its last use to its end, and back. */
let world: CliWorld;
let platform: KeyWorld;
let next: string;

const secret = (name: string): string => `\${file:secrets/${name}}`;

beforeAll(async () => {
  world = await preparedWorld();
  platform = await keyWorld({ persons: 2, tokensEach: 2 });
  next = (await platform.kms.createKey({ usage: 'encrypt', description: 'next' })).arn;
  const [, , kmsPath = '', passphrase = ''] = platform.childArguments;
  await world.file('secrets/kms-passphrase', passphrase);
  await world.file('secrets/mail-url', platform.platformUrl);
  await world.file('secrets/nobody', 'postgresql://nobody@127.0.0.1:1/none\n');
  await world.file('map.yaml', keyMapText);
  for (const name of ['alice', 'bob', 'carol']) {
    const pair = await generateKeyPair({ name, email: `${name}@example.org`, purpose: 'sign' });
    await world.file(`${name}.asc`, pair.publicKey);
    await world.file(`${name}.sec.asc`, pair.secretKey);
  }
  const config = parse(await readFile(join(world.folder, 'postern.yaml'), 'utf8'));
  const whole = {
    ...config.profiles.test,
    platform: { url: secret('mail-url'), write_url: secret('mail-url'), map: 'map.yaml' },
    kms: { adapter: 'local', path: kmsPath, passphrase: secret('kms-passphrase') },
    operator: { secret_key: 'alice.sec.asc' },
  };
  config.profiles = {
    test: whole,
    named: { ...whole, backup: { ...whole.backup, kms_key: platform.kek } },
    // The password was sealed before the configuration named another key.
    sealed: {
      ...whole,
      keys: {
        passwords: { app: { roles: ['app_a', 'app_b'], kms_file: { path: 'app.sealed', kms_key: next } } },
      },
    },
    away: { ...whole, platform: { url: secret('nobody'), map: 'map.yaml' } },
  };
  await world.file('postern.yaml', stringify(config));
  for (const name of ['alice', 'bob', 'carol'])
    await world.must('operator', 'enroll', '--key', `${name}.asc`, '--yes');
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

async function sql(text: string): Promise<void> {
  const { withConnection } = await import('../../src/lib/base/postgres.ts');
  await withConnection({ url: world.state.url, role: 'test' }, (client) => client.query(text));
}

const soon = ['--writer-cache', '0'];
const stateOfKey = async () => (await platform.kms.describeKey(platform.kek)).state;

/** The rules that stand in the way, by a refusal's hints. */
const named = (error: { readonly hints: readonly string[] }) =>
  error.hints.map((hint) => /^[a-z-]+/.exec(hint)?.[0]);

test('a key is called as `key list` has it; a name of two keys is refused', async () => {
  const { keyId, arn } = await platform.kms.describeKey(platform.kek);
  for (const name of [keyId, arn, `kek:${arn}`, 'data keys']) {
    const dry = await tell('key retire', [name, '--dry-run', ...soon], 6);
    expect(dry, name).toMatchObject({ key: arn, isUnneeded: false });
    expect(await tell('key undestroy', [name, '--yes'], 6)).toMatchObject({ code: 'key-not-pending' });
  }
  for (let twins = 0; twins < 2; twins += 1)
    await platform.kms.createKey({ usage: 'encrypt', description: 'twins' });
  for (const command of ['key retire', 'key destroy']) {
    const error = await tell(command, ['twins', '--dry-run'], 2);
    expect(error).toMatchObject({ code: 'key-ambiguous' });
    expect(error.hints).toHaveLength(2);
  }
  expect(await tell('key compromise', ['twins'], 2)).toMatchObject({ code: 'key-ambiguous' });
  expect(await tell('key retire', ['nobody', '--dry-run'], 1)).toMatchObject({ code: 'kms-key-missing' });
});

test('while data keys are under it, a key is neither retired nor destroyed, and the rule is named', async () => {
  const error = await tell('key retire', [platform.kek, '--yes', ...soon], 6);
  expect(error).toMatchObject({ code: 'key-needed' });
  expect(named(error)).toEqual(['no-data-key']);
  const dry = await tell('key destroy', [platform.kek, '--dry-run', ...soon], 6);
  expect(dry).toMatchObject({ outcome: 'not stored', planId: null, isUnneeded: false });
  expect(dry.rules).toHaveLength(8);
  expect(await stateOfKey()).toBe('enabled');
});

test('one backup, or one quarantined row, that needs it is enough to refuse', async () => {
  await world.must('backup', 'run');
  await world.must('key', 'rotate', 'kek', '--to', next, '--yes');
  const kept = await tell('key retire', [platform.kek, '--yes', ...soon], 6);
  expect(named(kept)).toEqual(['no-backup']);
  expect(kept.hints[0]).toMatch(/needed until 20\d\d-\d\d-\d\d by set \S+ at offsite/);
  // In the store, and not on record there.
  await sql(`update postern.backup_copy set destination = 'elsewhere'`);
  const lost = await tell('key retire', [platform.kek, '--yes', ...soon], 6);
  expect(lost.hints[0]).toMatch(/^no-backup, not met: needed .* by set \S+ at /);
  // That on record, and that in the store.
  expect(lost.hints[0]).toContain('2 copies need it');
  await sql(`update postern.backup_copy set destination = 'offsite', keyring_pruned_at = now()`);
  await sql(`insert into postern.key_quarantine (profile, table_name, column_name, row_key, reason, plan_id)
    select 'test', 'app.token', 'secret', '{a,t0}', 'value-moved', id from postern.plan limit 1`);
  expect(named(await tell('key retire', [platform.kek, '--yes', ...soon], 6))).toEqual(['no-quarantine']);
  await sql('delete from postern.key_quarantine');
  expect(await stateOfKey()).toBe('enabled');
});

test('what cannot be looked at leaves the answer open: exit 4; a key that the profile names is needed: 6', async () => {
  const argv = ['--profile', 'away', '--yes', ...soon];
  expect(await tell('key retire', [platform.kek, ...argv], 4)).toMatchObject({ code: 'key-need-unknown' });
  const error = await tell('key retire', [platform.kek, '--profile', 'named', '--yes', ...soon], 6);
  expect(named(error)).toEqual(['not-configured']);
  const form = { version: 1, kmsKey: platform.kek, context: {}, ciphertext: 'AAAA' };
  await world.file('app.sealed', JSON.stringify(form));
  const seals = await tell('key retire', [platform.kek, '--profile', 'sealed', '--yes', ...soon], 6);
  expect(seals.hints).toEqual(['not-configured, not met: it seals app.sealed, the password app']);
  const { setId } = await tell('backup run', ['--profile', 'named']);
  const leaked = await tell('key compromise', [platform.kek, '--profile', 'named']);
  expect(leaked.backups).toMatchObject({ setIds: [setId] });
  expect(leaked.backups.needs).toContain('opens 1 backup set');
  const config = parse(await readFile(join(world.folder, 'postern.yaml'), 'utf8'));
  config.profiles.named.backup.kms_key = next;
  await world.file('postern.yaml', stringify(config));
  const opened = await tell('key retire', [platform.kek, '--profile', 'named', '--yes', ...soon], 6);
  expect(named(opened)).toEqual(['no-backup']);
  expect(await stateOfKey()).toBe('enabled');
});

test('retired, enabled again, and retired for good', async () => {
  const dry = await tell('key retire', [platform.kek, '--dry-run', ...soon]);
  expect(dry).toMatchObject({ isUnneeded: true, outcome: 'not stored' });
  expect(await tell('key retire', [platform.kek, ...soon], 2)).toMatchObject({ code: 'needs-answer' });
  const retired = await tell('key retire', [platform.kek, '--yes', ...soon]);
  expect(retired).toMatchObject({ key: platform.kek, outcome: 'applied', isUnneeded: true });
  expect(retired.certificateId).toMatch(/^[0-9a-f]{64}$/);
  expect(await stateOfKey()).toBe('disabled');
  expect(await tell('key retire', [platform.kek, '--undo', '--yes'])).toMatchObject({ rules: [] });
  expect(await stateOfKey()).toBe('enabled');
  expect(await tell('key retire', [platform.kek, '--undo', '--yes'], 6)).toMatchObject({
    code: 'key-not-disabled',
  });
  const { stdout } = await world.must('key', 'retire', platform.kek, '--yes', ...soon);
  expect(stdout).toMatch(/^local:\S+ is disabled; certificate [0-9a-f]{64}\n$/m);
});

test('without drill and time it is not destroyed', async () => {
  await world.must('backup', 'run');
  const error = await tell('key destroy', [platform.kek, ...soon], 6);
  expect(named(error)).toEqual(['drill-passed', 'not-used', 'disabled']);
  expect(await tell('key destroy', [platform.kek, '--soak', '0'], 2)).toMatchObject({ code: 'soak-missing' });
  expect(await tell('key destroy', [platform.kek, '--waiting-days', '6'], 2)).toBeDefined();
  expect(await tell('key destroy', [platform.kek, '--writer-cache', '8d'], 2)).toMatchObject({
    code: 'writer-cache-too-long',
  });
  expect(await stateOfKey()).toBe('disabled');
});

test('two operators approve, the plan is applied, and until the key is gone it can be taken back', async () => {
  await sql(`insert into postern.backup_check (profile, set_id, destination, kind, outcome, started_at)
    select profile, set_id, 'offsite', 'drill', 'passed', now() from postern.backup_set order by started_at desc limit 1`);
  await sql(`alter table postern.plan_journal disable trigger append_only;
    update postern.plan_journal set at = at - interval '8 days';
    alter table postern.plan_journal enable always trigger append_only`);
  const { outcome, planId, rules, waitingDays } = await tell('key destroy', [platform.kek, ...soon], 6);
  expect({ outcome, waitingDays }).toEqual({ outcome: 'awaiting approval', waitingDays: 30 });
  expect(rules.every(({ verdict }: { readonly verdict: string }) => verdict === 'met')).toBe(true);
  await world.must('plan', 'approve', planId, '--key', 'bob.sec.asc');
  expect(await tell('plan apply', [planId], 6)).toMatchObject({ code: 'plan-unapproved' });
  expect(await stateOfKey()).toBe('disabled');
  await world.must('plan', 'approve', planId, '--key', 'carol.sec.asc');
  const { certificate } = await tell('plan apply', [planId]);
  expect(await stateOfKey()).toBe('pending-deletion');
  const { stdout } = await world.must('certificate', 'show', certificate);
  expect(stdout).toContain('key-destroy');
  expect(await tell('key destroy', [platform.kek], 6)).toMatchObject({ code: 'key-pending-deletion' });
  expect(await tell('key undestroy', [platform.kek], 2)).toMatchObject({ code: 'needs-answer' });
  expect(await tell('key undestroy', [platform.kek, '--yes'])).toEqual({
    key: platform.kek,
    state: 'enabled',
  });
  expect(await tell('key undestroy', [platform.kek, '--yes'], 6)).toMatchObject({ code: 'key-not-pending' });
  expect(await stateOfKey()).toBe('enabled');
});
