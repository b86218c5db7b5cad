import { access, chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Client, connect, withConnection } from '../../src/lib/base/postgres.ts';
import { createLocalKms, openLocalKms } from '../../src/lib/cloud/local/kms.ts';
import { sealedFile } from '../../src/lib/key/password/secret-file.ts';
import { type CliResult, runCli } from '../support/cli.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { checkedJson } from './checked-json.ts';

let platform: TestDatabase;
let state: TestDatabase;
let client: Client;
let folder: string;
const [a, b, sealed] = [`cli${process.pid}_a`, `cli${process.pid}_b`, `cli${process.pid}_s`];

beforeAll(async () => {
  [platform, state] = [await testDatabase(), await testDatabase()];
  client = await connect({ url: platform.url, role: 'test' });
  await client.query(
    `create role "${a}" login password 'old'; create role "${b}" login password 'old'; create role "${sealed}" login password 'old'`,
  );
  folder = await mkdtemp(join(tmpdir(), 'postern-cli-password-'));
  await mkdir(join(folder, 'secrets'));
  await secret('platform-url', platform.url);
  await secret('state-url', state.url);
  await secret('kms-passphrase', 'test');
  const kms = await createLocalKms({
    path: join(folder, 'kms.json'),
    unlock: { passphrase: 'test' },
    scryptLogN: 14,
  });
  const { keyId } = await kms.createKey({ usage: 'encrypt', description: 'passwords' });
  const { host, pathname } = new URL(platform.url);
  const template = `postgresql://{role}:{password}@${host}${pathname}`;
  await writeFile(
    join(folder, 'postern.yaml'),
    `version: 1
profiles:
  test:
    platform: {url: "\${file:secrets/platform-url}", write_url: "\${file:secrets/platform-url}"}
    state: {url: "\${file:secrets/state-url}"}
    keys:
      passwords:
        app:
          roles: [${a}, ${b}]
          file: {path: secrets/app-url, template: "${template}"}
          userlist: {path: secrets/userlist.txt}
          hook: {command: [/bin/sh, -c, "cat > secrets/hook"], timeout: 10s}
        sealed:
          roles: [${sealed}]
          kms_file: {path: secrets/sealed.json, kms_key: ${keyId}}
    kms: {adapter: local, path: kms.json, passphrase: "\${file:secrets/kms-passphrase}"}
`,
  );
  expect((await postern('state', 'migrate')).code).toBe(0);
});
afterAll(async () => {
  await client.query(`drop role "${a}"; drop role "${b}"; drop role "${sealed}"`);
  await client.end();
  await platform.drop();
  await state.drop();
  await rm(folder, { recursive: true });
});

async function secret(name: string, text: string): Promise<void> {
  await writeFile(join(folder, 'secrets', name), text, { mode: 0o600 });
}

function postern(...argv: readonly string[]): Promise<CliResult> {
  return runCli(argv, { cwd: folder, env: { POSTERN_CONFIG: join(folder, 'postern.yaml') } });
}

const rotate = (...argv: readonly string[]) => postern('key', 'rotate', 'password', ...argv);
const publishedUrl = () => readFile(join(folder, 'secrets', 'app-url'), 'utf8');

test('a rotation is tried out, refused without an answer, done, seen and checked', async () => {
  const checked = await postern('key', 'password', 'check', a, '--json');
  expect(checked.code).toBe(3);
  const { result: seen } = await checkedJson('key password check', checked);
  expect(seen.passwords[0]).toMatchObject({ findings: [{ code: 'never-rotated' }] });

  const dry = await rotate('app', '--in-use', a, '--dry-run', '--json');
  expect(dry.code).toBe(0);
  const { result: forecast } = await checkedJson('key rotate password', dry);
  expect(forecast).toMatchObject({ before: a, after: b, outcome: 'not stored', findings: [] });
  await expect(access(join(folder, 'secrets', 'app-url'))).rejects.toThrow();

  const unanswered = await rotate('app', '--in-use', a);
  expect(unanswered.code).toBe(2);
  expect(unanswered.stderr).toContain('--yes');

  const done = await rotate(b, '--in-use', a, '--yes');
  expect(done.code).toBe(0);
  const url = await publishedUrl();
  expect(new URL(url).username).toBe(b);
  await withConnection({ url, role: 'test' }, (session) => session.query('select'));
  const { password } = new URL(url);
  expect(JSON.parse(await readFile(join(folder, 'secrets', 'hook'), 'utf8'))).toEqual({
    name: 'app',
    role: b,
    password,
  });
  const { rows } = await client.query(`select rolpassword as v from pg_authid where rolname = '${b}'`);
  const list = await readFile(join(folder, 'secrets', 'userlist.txt'), 'utf8');
  expect(list).toBe(`"${b}" "${rows[0]?.v as string}"\n`);
  expect(done.stdout + done.stderr).not.toContain(password);

  const again = await postern('key', 'password', 'check', 'app', '--output', 'csv');
  expect(again.code).toBe(0);
  expect(again.stdout).toContain(`app,${b},`);
});

test('findings that block stop a rotation until they are accepted, and nothing is stored', async () => {
  await client.query(`alter role "${a}" createdb`);
  const before = await publishedUrl();
  const refused = await rotate('app', '--yes', '--json');
  expect(refused.code).toBe(6);
  expect(refused.json().error).toMatchObject({ code: 'password-findings' });
  expect((await rotate('app', '--dry-run', '--json')).code).toBe(3);
  expect((await rotate('app', '--plan-only', '--json')).code).toBe(6);
  expect(await publishedUrl()).toBe(before);
  expect((await rotate('app', '--yes', '--accept-findings')).code).toBe(0);
  expect(new URL(await publishedUrl()).username).toBe(a);
  await client.query(`alter role "${a}" nocreatedb`);
});

test('a plan is stored, applied by its id, and shown without a password', async () => {
  const planned = await rotate('app', '--plan-only', '--json');
  const { plan } = planned.json().result;
  expect((await postern('plan', 'apply', plan, '--yes')).code).toBe(0);
  const shown = await postern('plan', 'show', plan, '--json');
  const { password } = new URL(await publishedUrl());
  expect(shown.json().result).toMatchObject({ stepsDone: 6 });
  expect(shown.stdout).not.toContain(password);
});

test('a hook that fails is told with exit 7, and the plan goes on once it is mended', async () => {
  await chmod(join(folder, 'secrets', 'hook'), 0o400);
  await rm(join(folder, 'secrets', 'hook'));
  await mkdir(join(folder, 'secrets', 'hook'));
  const failed = await rotate('app', '--yes', '--json');
  expect(failed.code).toBe(7);
  expect(failed.json().error?.message).toContain('the hook /bin/sh ended with');
  await rm(join(folder, 'secrets', 'hook'), { recursive: true });
  const hint = failed.json().error?.hints.join(' ') ?? '';
  const id = /plan apply (\w+)/.exec(hint)?.[1] ?? '';
  expect((await postern('plan', 'apply', id, '--yes')).code).toBe(0);
  await withConnection({ url: await publishedUrl(), role: 'test' }, (session) => session.query('select'));
});

test('a password may be published under a key of the key management service alone', async () => {
  const done = await rotate('sealed', '--yes', '--json');
  expect(done.code).toBe(0);
  expect((await checkedJson('key rotate password', done)).warnings.join()).toContain('no second role');
  const path = join(folder, 'secrets', 'sealed.json');
  const { kmsKey, context } = JSON.parse(await readFile(path, 'utf8'));
  expect(context).toEqual({ 'postern-purpose': 'password-published', profile: 'test', name: 'sealed' });
  const kms = await openLocalKms({ path: join(folder, 'kms.json'), unlock: { passphrase: 'test' } });
  const opened = await sealedFile(path, { keyId: kmsKey, context, kms: () => Promise.resolve(kms) }).read();
  const { role, password } = JSON.parse(opened ?? '');
  expect(role).toBe(sealed);
  const url = new URL(platform.url);
  [url.username, url.password] = [role, password];
  await withConnection({ url: url.toString(), role: 'test' }, (session) => session.query('select'));
  await expect(access(`${path}.next`)).rejects.toThrow();
});

test('what is known to others is replaced, and its sessions are ended and shown', async () => {
  const known = await publishedUrl();
  const { username } = new URL(known);
  const thief = await connect({ url: known, role: 'test', purpose: 'thief' });
  const done = await rotate('app', '--compromised', '--terminate-sessions', '--yes');
  expect(done.code).toBe(0);
  expect(done.stdout).toContain('1 began with an old password, 1 were ended');
  expect(done.stdout).toMatch(new RegExp(`${username}, server process \\d+, from 127.0.0.1, postern thief`));
  await expect(thief.query('select')).rejects.toThrow();
  await expect(connect({ url: known, role: 'test' })).rejects.toMatchObject({ code: 'database-login' });
  await withConnection({ url: await publishedUrl(), role: 'test' }, (session) => session.query('select'));
  expect((await rotate('app', '--terminate-sessions')).code).toBe(2);
});

test('a name that is not configured is told with those that are', async () => {
  const result = await rotate('nothing', '--json');
  expect(result.code).toBe(2);
  expect(result.json().error).toMatchObject({ code: 'not-configured', hints: ['there are: app, sealed'] });
  const role = await rotate('app', '--in-use', 'stranger', '--json');
  expect(role.json().error).toMatchObject({ exitCode: 2, code: 'password-role-unknown' });
});
