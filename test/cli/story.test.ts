import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Config } from '@oclif/core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { withConnection, withDatabase } from '../../src/lib/base/postgres.ts';
import { generateKeyPair, type KeyPair } from '../../src/lib/crypto/openpgp-key.ts';
import { projectRoot } from '../support/cli.ts';
import { flipByte } from '../support/flip-byte.ts';
import { checked, checkedJson } from './checked-json.ts';
import { type CliWorld, cliWorld } from './cli-world.ts';

/** The tests of this file tell one story in their order, from an empty folder to a restored database. */
let world: CliWorld;
let alice: KeyPair;
let set: string;
let plan: string;
let certificate: string;
const restored = `restored_${process.pid}`;

beforeAll(async () => {
  world = await cliWorld();
  const pair = (name: string) => generateKeyPair({ name, email: `${name}@example.org`, purpose: 'sign' });
  alice = await pair('alice');
  await world.file('alice.asc', alice.publicKey);
  await world.file('alice.sec.asc', alice.secretKey);
  const bob = await pair('bob');
  await world.file('bob.asc', bob.publicKey);
  await world.file('bob.sec.asc', bob.secretKey);
});
afterAll(async () => {
  if (world === undefined) return;
  await withConnection({ url: world.platform.url, role: 'test' }, async (client) => {
    for (const name of [restored, `${restored}_b`])
      await client.query(`drop database if exists ${name} with (force)`);
  });
  await world.close();
});

/** Runs a command of two words (or three, or one) under --json, and returns its checked result. */
// oxlint-disable-next-line typescript/no-explicit-any -- tests look into results of every shape
async function tell(command: string, argv: readonly string[] = [], code = 0): Promise<any> {
  const run = await world.run(...command.split(' '), ...argv, '--json');
  expect(run, `${command}\n${run.stdout}${run.stderr}`).toMatchObject({ code });
  const json = await checkedJson(command, run);
  return json.error ?? json.result;
}

test('a first configuration is written, shown and found wanting', async () => {
  expect(await tell('config init', ['--file', 'first.yaml', '--name', 'first'])).toEqual({
    file: join(world.folder, 'first.yaml'),
    profile: 'first',
  });
  const shown = await tell('config show', ['--config', 'first.yaml', '--origin']);
  expect(shown).toMatchObject({
    profile: 'first',
    settings: { platform: { url: '${file:secrets/platform-url}' } },
    origins: { backup: join(world.folder, 'first.yaml') },
  });
  const { problems } = await tell('config check', ['--config', 'first.yaml'], 2);
  expect(problems.map(({ where }: { readonly where: string }) => where)).toEqual(
    expect.arrayContaining([
      'platform.map',
      'state.owner_url',
      'backup.recipients[1]',
      'certificates.trust[0]',
    ]),
  );
});

test('the template names the files that the key commands make', async () => {
  await tell('backup keys init', ['--directory', 'keys', '--email', 'a@example.org', '--no-passphrase']);
  const made = await tell('certificate keys init', ['--directory', 'keys']);
  expect(made.keyId).toMatch(/^[0-9a-f]{64}$/);
  const { problems } = await tell('config check', ['--config', 'first.yaml'], 2);
  const missing = problems.map(({ where }: { readonly where: string }) => where);
  expect(missing).not.toEqual(
    expect.arrayContaining([expect.stringMatching(/recipients|secret_key|trust|signer\.key/)]),
  );
  expect(await tell('config check')).toMatchObject({ profile: 'test', problems: [] });
});

test('the doctor sees the state database unmigrated, then all well', async () => {
  const sick = await tell('doctor', [], 3);
  expect(sick.lines).toContainEqual(
    expect.objectContaining({ component: 'state database', state: 'finding' }),
  );
  expect(await tell('state status', [], 3)).toMatchObject({ state: 'not migrated' });
  await tell('state migrate');
  expect(await tell('state status')).toMatchObject({ state: 'current' });
  const { lines } = await tell('doctor');
  expect(lines).toContainEqual(
    expect.objectContaining({
      component: 'destination offsite: delete',
      state: 'ok',
      message: expect.stringContaining('refused'),
    }),
  );
  expect(lines.map(({ state }: { readonly state: string }) => state)).toEqual(
    expect.not.arrayContaining(['finding', 'unknown']),
  );
});

test('a database that cannot be asked is unknown to the doctor, with 4', async () => {
  await world.file('secrets/nowhere', 'postgresql://u:hunter2@127.0.0.1:1/none');
  const config = await readFile(join(world.folder, 'postern.yaml'), 'utf8');
  await world.file('nowhere.yaml', config.replaceAll('secrets/platform-url', 'secrets/nowhere'));
  const run = await world.run('doctor', '--config', 'nowhere.yaml');
  expect(run.code).toBe(4);
  expect(run.stdout).toMatch(
    /^platform database +unknown +the platform database at postgresql:\/\/u:\*\*\*@127/m,
  );
  expect(run.stdout + run.stderr).not.toContain('hunter2');
  const { lines } = await tell('doctor', ['--config', 'nowhere.yaml'], 4);
  expect(lines).toContainEqual(expect.objectContaining({ component: 'state database', state: 'ok' }));
  expect(JSON.stringify(lines)).not.toContain('hunter2');
});

test('operators are enrolled, listed and revoked', async () => {
  expect(await tell('operator enroll', ['--key', 'alice.asc'])).toMatchObject({ outcome: 'enrolled' });
  expect(await tell('operator enroll', ['--key', 'bob.asc', '--yes'])).toMatchObject({ outcome: 'applied' });
  expect((await tell('operator list')).operators).toHaveLength(2);
});

test('a backup is previewed, made, listed, shown and verified', async () => {
  const { sources } = await tell('backup run', ['--dry-run']);
  expect(sources).toMatchObject([{ name: 'platform', tables: 2 }, { name: 'state' }]);
  expect((await tell('backup list')).sets).toEqual([]);
  const made = await tell('backup run');
  expect(made.sources).toMatchObject([{ name: 'platform', tables: 2, rows: 4_000 }, { name: 'state' }]);
  set = made.setId;
  expect((await tell('backup list')).sets).toMatchObject([{ setId: set, isComplete: true }]);
  expect((await tell('backup show')).manifest.sources[0].tables).toHaveLength(2);
  expect(await tell('backup verify', [set])).toMatchObject({ findings: [], opened: true, rows: made.rows });
  expect(await tell('backup verify', [set, '--level', 'list'])).toMatchObject({ findings: [] });
  await tell('backup show', ['20200101T000000Z-00000000'], 1).catch(() =>
    tell('backup show', ['nonsense'], 2),
  );
});

test('a plan to restore is made, signed, approved by another, and applied; the database is the same', async () => {
  const strict = ['--profile', 'strict'];
  // The sets of a profile are its own: this one has none yet.
  const own = await tell('backup run', strict);
  const waiting = await tell('backup restore', [own.setId, '--to', restored, ...strict], 6);
  plan = waiting.planId;
  expect((await tell('plan list', strict)).plans).toMatchObject([{ id: plan, state: 'open', approvals: 0 }]);
  expect(await tell('plan apply', [plan, ...strict], 6)).toMatchObject({ exitCode: 6 });
  const canonical = (await world.run('plan', 'show', plan, '--canonical', ...strict)).stdout;
  expect(JSON.parse(canonical)).toMatchObject({ kind: 'backup.restore', profile: 'strict' });
  await tell('plan sign', [plan, '--key', 'alice.sec.asc', ...strict]);
  await tell('plan approve', [plan, '--key', 'bob.sec.asc', ...strict]);
  const { signatures } = await tell('plan show', [plan, ...strict]);
  expect(new Set(signatures.map(({ role }: { readonly role: string }) => role))).toEqual(
    new Set(['author', 'approver']),
  );
  expect(await tell('plan apply', [plan, '--dry-run', ...strict])).toMatchObject({ applied: false });
  const applied = await tell('plan apply', [plan, ...strict]);
  expect(applied).toMatchObject({ applied: true, kind: 'backup.restore' });
  certificate = applied.certificate;
  const rows = await withConnection(
    { url: withDatabase(world.platform.url, restored), role: 'test' },
    async (client) =>
      (await client.query('select count(*)::int as n, sum(length(body))::int as b from mail')).rows,
  );
  const original = await withConnection(
    { url: world.platform.url, role: 'test' },
    async (client) =>
      (await client.query('select count(*)::int as n, sum(length(body))::int as b from mail')).rows,
  );
  expect(rows).toEqual(original);
});

test('where no approval is asked for, a restore is planned, cancelled, and done at once', async () => {
  const to = ['--to', `${restored}_b`];
  expect(await tell('backup restore', [set, ...to, '--dry-run'])).toMatchObject({
    database: `${restored}_b`,
  });
  const stored = await tell('backup restore', [set, ...to, '--plan-only']);
  const id = stored.planId;
  expect(await tell('plan cancel', [id, '--reason', 'not now', '--yes'])).toMatchObject({ cancelled: true });
  expect(await tell('plan apply', [id, '--yes'], 6)).toMatchObject({ exitCode: 6 });
  expect(await tell('backup restore', [set, ...to, '--yes'])).toMatchObject({
    state: 'applied',
    database: `${restored}_b`,
  });
  expect(await tell('backup restore', [set, ...to, '--yes'], 6)).toMatchObject({ exitCode: 6 });
});

test('a drill proves the set, on a server of its own', async () => {
  expect(await tell('backup drill', [set, '--source', 'platform'])).toMatchObject({ verdict: 'passed' });
  expect(await tell('backup drill', ['--cleanup'])).toEqual({ dropped: [], left: [] });
});

test('the certificate is listed, shown, and verified offline', async () => {
  expect((await tell('certificate list')).certificates).toContainEqual(
    expect.objectContaining({ id: certificate, planId: plan }),
  );
  await tell('certificate show', [certificate]);
  const envelope = (await world.must('certificate', 'show', certificate, '--envelope')).stdout;
  await world.file('certificate.json', envelope);
  const key = ['--key', 'keys/certificate-signing.pub.pem', '--config', '/nonexistent.yaml'];
  expect(await tell('certificate verify', ['certificate.json', ...key])).toMatchObject({ id: certificate });
});

test('an operator is revoked, and the audit log tells it all and is whole', async () => {
  const revoke = ['operator', 'revoke', alice.fingerprint, '--reason', 'left', '--accept-lockout'];
  expect(await world.run(...revoke)).toMatchObject({ code: 2 });
  expect(await tell('operator revoke', [...revoke.slice(2), '--confirm', world.state.name])).toMatchObject({
    outcome: 'applied',
  });
  const { entries } = await tell('audit log', ['--limit', '500']);
  const actions = new Set(
    entries.map(({ body }: { readonly body: { readonly action: string } }) => body.action),
  );
  expect([...actions]).toEqual(expect.arrayContaining(['backup.run', 'plan.apply', 'plan.approve']));
  await tell('audit verify');
});

test('one byte flipped in the store is found, with 5', async () => {
  const folder = join(world.folder, 'offsite/objects/backup/test', set);
  const victim = (await readdir(folder, { recursive: true })).find((name) => name.includes('00001'));
  await flipByte(join(folder, victim ?? 'none'));
  const { findings } = await tell('backup verify', [set], 5);
  expect(findings.length).toBeGreaterThan(0);
  const text = await world.run('backup', 'verify', set);
  expect(text).toMatchObject({ code: 5, stderr: expect.stringContaining('do not count on this set') });
});

test('whoever watches and prunes is told what there is, and what would go', async () => {
  expect(await tell('backup status', ['--max-age', '8d'], 3)).toMatchObject({ verdict: 'stale' });
  expect(await tell('backup prune', ['--keep-last', '1', '--dry-run'])).toMatchObject({
    destination: 'offsite',
  });
  expect(await tell('schedule print')).toMatchObject({ format: 'systemd' });
});

test('a recipient comes, is wrapped for, and goes', async () => {
  const { publicKey } = await generateKeyPair({ name: 'later', email: 'l@example.org', purpose: 'encrypt' });
  const key = await world.file('later.asc', publicKey);
  // Its two profiles share the list by an alias, which no command takes apart.
  const config = parse(await readFile(join(world.folder, 'postern.yaml'), 'utf8'));
  await world.file('apart.yaml', stringify(config, { aliasDuplicateObjects: false }));
  const apart = ['--config', 'apart.yaml'];
  expect(await tell('backup recipients list', apart)).toMatchObject({ usable: 2 });
  const added = await tell('backup recipients add', [key, '--yes', ...apart]);
  expect(added).toMatchObject({ change: 'added' });
  await tell('backup rewrap', ['--all', '--dry-run', ...apart]);
  await tell('backup recipients sets', [key, ...apart]);
  const { recipients } = await tell('backup recipients list', apart);
  const removed = await tell('backup recipients remove', [recipients[2].fingerprint, '--yes', ...apart]);
  expect(removed).toMatchObject({ change: 'removed' });
});

test('map lint and completion keep to their schemas', async () => {
  await tell('map lint', [join(projectRoot, 'examples/sandbox.map.yaml'), '--offline']);
  const config = parse(await readFile(join(world.folder, 'postern.yaml'), 'utf8'));
  config.profiles.test.stores.offsite = { adapter: 's3', bucket: 'vault' };
  await world.file('vault.yaml', stringify(config));
  await tell('backup policy', ['--config', 'vault.yaml', '--destination', 'offsite']);
  expect((await tell('completion', ['zsh'])).script).toContain('#compdef postern');
});

test('every command kept to its schema here, or does so in a file of its own', async () => {
  const { commands } = await Config.load({ root: projectRoot, ignoreManifest: true });
  const all = commands.map(({ id }) => id.replaceAll(':', ' '));
  const folder = join(projectRoot, 'test/cli');
  const files = (await readdir(folder)).filter((name) => name !== 'story.test.ts');
  const tests = await Promise.all(files.map((name) => readFile(join(folder, name), 'utf8')));
  const elsewhere = (id: string): boolean =>
    tests.some((text) => new RegExp(`(?:tell|checkedJson)\\(\\s*'${id}'`).test(text));
  expect(all.filter((id) => !checked.has(id) && !id.startsWith('sandbox ') && !elsewhere(id))).toEqual([]);
});
