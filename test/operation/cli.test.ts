import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withConnection } from '../../src/lib/base/postgres.ts';
import { generateKeyPair, type KeyPair } from '../../src/lib/crypto/openpgp-key.ts';
import { type CliResult, runCli } from '../support/cli.ts';
import { describeWith } from '../support/optional.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';

let folder: string;
let database: TestDatabase;
const keys: Record<string, KeyPair> = {};

/** The tests of this file tell one story, in their order. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-operation-'));
  database = await testDatabase();
  await file('state-url', `${database.url}\n`);
  for (const name of ['alice', 'bob', 'carol']) {
    const pair = await generateKeyPair({ name, email: `${name}@example.org`, purpose: 'sign' });
    keys[name] = pair;
    await file(`${name}.asc`, pair.publicKey);
    await file(`${name}.secret.asc`, pair.secretKey);
  }
  await file(
    'postern.yaml',
    `version: 1
default_profile: plain
profiles:
  plain:
    state: { url: '\${file:state-url}' }
    certificates: { signer: { key: keys/certificate-signing.pem }, trust: [keys/certificate-signing.pub.pem] }
  strict:
    state: { url: '\${file:state-url}' }
    certificates: { signer: { key: keys/certificate-signing.pem } }
    operator: { secret_key: alice.secret.asc }
    approvals: { default: 1 }
`,
  );
});
afterAll(async () => {
  await database.drop();
  await rm(folder, { recursive: true });
});

async function file(name: string, content: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content, { mode: 0o600 });
  return path;
}

function postern(...argv: readonly string[]): Promise<CliResult> {
  return runCli(argv, { cwd: folder });
}

async function result<T>(argv: readonly string[], code = 0): Promise<T> {
  const ran = await postern(...argv, '--json');
  expect(ran, ran.stdout + ran.stderr).toMatchObject({ code });
  return ran.json().result as T;
}

test('before the state database is migrated, commands say which command mends that', async () => {
  const ran = await postern('audit', 'log');
  expect(ran).toMatchObject({ code: 2, stdout: '' });
  expect(ran.stderr).toContain('hint: run `postern state migrate`');
  expect(await postern('state', 'status')).toMatchObject({ code: 3 });
});

test('the state database is migrated after a dry run, and then current', async () => {
  expect(await result(['state', 'migrate', '--dry-run'])).toMatchObject({ version: 0, applied: [] });
  expect(await result(['state', 'status'], 3)).toMatchObject({ state: 'not migrated' });
  const { applied } = await result<{ applied: readonly unknown[] }>(['state', 'migrate']);
  expect(applied.length).toBeGreaterThan(0);
  expect(await result(['state', 'status'])).toMatchObject({ state: 'current', pending: [] });
});

test('certificate keys are made where they are asked for', async () => {
  expect(await result(['certificate', 'keys', 'init', '--directory', 'keys', '--dry-run'])).toMatchObject({
    keyId: null,
  });
  expect(await result(['certificate', 'keys', 'init', '--directory', 'keys'])).toMatchObject({
    publicKeyFile: 'keys/certificate-signing.pub.pem',
  });
  expect(await postern('certificate', 'keys', 'init', '--directory', 'keys')).toMatchObject({ code: 6 });
});

test('the first operator is enrolled at once, a later one only with an answer', async () => {
  expect(await result(['operator', 'enroll', '--key', 'alice.asc'])).toMatchObject({
    outcome: 'enrolled',
    plan: null,
  });
  const asked = await postern('operator', 'enroll', '--key', 'bob.asc', '--name', 'Bob');
  expect(asked).toMatchObject({ code: 2 });
  expect(asked.stderr).toContain('--yes');
  const enrolled = await result(['operator', 'enroll', '--key', 'bob.asc', '--name', 'Bob', '--yes']);
  expect(enrolled).toMatchObject({ outcome: 'applied', body: { kind: 'operator.enroll' } });
  await result(['operator', 'enroll', '--key', 'carol.asc', '--name', 'Carol', '--yes']);
  const { operators } = await result<{ operators: readonly { name: string }[] }>(['operator', 'list']);
  expect(operators.map(({ name }) => name)).toEqual(['alice <alice@example.org>', 'Bob', 'Carol']);
});

test('a declined or unanswered plan leaves nothing behind', async () => {
  const revoke = ['operator', 'revoke', keys['carol']?.fingerprint ?? '', '--reason', 'left'];
  expect(await postern(...revoke)).toMatchObject({ code: 2 });
  expect(await postern(...revoke, '--confirm', 'wrong')).toMatchObject({ code: 6 });
  expect(await result([...revoke, '--dry-run'])).toMatchObject({ outcome: 'not stored' });
  expect(await result(['plan', 'list'])).toEqual({ plans: [] });
});

test('where approval is asked for, a plan waits, is signed by its author, approved, applied and certified', async () => {
  const strict = ['--profile', 'strict'];
  const revoke = ['operator', 'revoke', keys['carol']?.fingerprint ?? '', '--reason', 'left', ...strict];
  const waiting = await result<{ plan: string }>(revoke, 6);
  expect(waiting).toMatchObject({ outcome: 'awaiting approval' });
  const { plan } = waiting;
  expect(await result(['plan', 'list', ...strict])).toMatchObject({
    plans: [{ id: plan, state: 'open', approvals: 0, required: 1 }],
  });
  expect(await postern('plan', 'apply', plan, ...strict)).toMatchObject({ code: 6 });
  const own = await postern('plan', 'approve', plan, ...strict);
  expect(own).toMatchObject({ code: 6, stderr: expect.stringContaining('is the author') });
  await result(['plan', 'approve', plan, '--key', 'bob.secret.asc', ...strict]);
  expect(await result(['plan', 'show', plan.slice(0, 12), ...strict])).toMatchObject({
    signatures: [{ role: 'author' }, { role: 'approver', name: 'Bob' }],
  });
  expect(await result(['plan', 'apply', plan, '--dry-run', ...strict])).toMatchObject({ applied: false });
  expect(await postern('plan', 'apply', plan, '--profile', 'plain', '--yes')).toMatchObject({ code: 6 });
  const applied = await result<{ certificate: string }>(['plan', 'apply', plan, ...strict]);
  expect(await postern('plan', 'apply', plan, ...strict)).toMatchObject({ code: 6 });
  expect(await result(['certificate', 'list'])).toMatchObject({
    certificates: [{ id: applied.certificate, planId: plan }],
  });
});

test('a certificate is verified offline, without any configuration, and a changed one is not', async () => {
  const { certificates } = await result<{ certificates: readonly { id: string }[] }>(['certificate', 'list']);
  const id = certificates[0]?.id ?? '';
  expect(await result(['certificate', 'verify', id])).toMatchObject({ id });
  const envelope = (await postern('certificate', 'show', id, '--envelope')).stdout;
  const elsewhere = join(folder, 'elsewhere');
  await mkdir(elsewhere);
  await writeFile(join(elsewhere, 'certificate.json'), envelope);
  const key = ['--key', join(folder, 'keys/certificate-signing.pub.pem')];
  const verify = (name: string): Promise<CliResult> =>
    runCli(['certificate', 'verify', name, ...key], { cwd: elsewhere });
  expect(await verify('certificate.json')).toMatchObject({ code: 0, stdout: expect.stringContaining(id) });
  const { payload } = JSON.parse(envelope) as { payload: string };
  const changed = Buffer.from(Buffer.from(payload, 'base64').toString().replace('left', 'LEFT')).toString(
    'base64',
  );
  await writeFile(join(elsewhere, 'changed.json'), envelope.replace(payload, changed));
  expect(await verify('changed.json')).toMatchObject({ code: 5, stdout: '' });
  expect(await verify('missing.json')).toMatchObject({ code: 2 });
});

test('a plan that was stored only is applied by cron with the target’s name, or cancelled', async () => {
  const revoke = ['operator', 'revoke', keys['bob']?.fingerprint ?? '', '--reason', 'left', '--plan-only'];
  const { plan } = await result<{ plan: string }>(revoke);
  const asked = await postern('plan', 'apply', plan);
  expect(asked).toMatchObject({ code: 2, stderr: expect.stringContaining(`--confirm ${database.name}`) });
  expect(await result(['plan', 'cancel', plan, '--reason', 'stays', '--yes'])).toMatchObject({
    cancelled: true,
  });
  expect(await postern('plan', 'apply', plan, '--confirm', database.name)).toMatchObject({ code: 6 });
  const again = await result<{ plan: string }>(revoke);
  expect(await result(['plan', 'apply', again.plan, '--confirm', database.name])).toMatchObject({
    applied: true,
  });
});

test('the audit log tells the story, is whole, and a cut tail is found by the anchor', async () => {
  const { entries } = await result<{ entries: readonly { body: { action: string; event: string } }[] }>([
    'audit',
    'log',
    '--action',
    'plan.apply',
    '--since',
    '2020-01-01',
  ]);
  expect(entries.filter(({ body }) => body.event === 'failed').length).toBeGreaterThan(0);
  const verified = await postern('audit', 'verify', '--json');
  expect(verified.code).toBe(0);
  await file('anchor.json', verified.stdout);
  await withConnection({ url: database.url, role: 'state database' }, async (owner) => {
    await owner.query('alter table postern.audit_entry disable trigger all');
    await owner.query(
      'delete from postern.audit_entry where seq = (select max(seq) from postern.audit_entry)',
    );
  });
  expect(await postern('audit', 'verify')).toMatchObject({ code: 0 });
  const cut = await postern('audit', 'verify', '--anchor', 'anchor.json');
  expect(cut).toMatchObject({ code: 5, stdout: expect.stringContaining('truncated') });
});

describeWith(['gpg'], 'with gpg', ({ gpg }) => {
  test('an operator approves with the commands of docs/formats/plan.md', async () => {
    const home = join(folder, 'gnupg');
    await mkdir(home, { mode: 0o700 });
    const env = { ...process.env, GNUPGHOME: home };
    const run = promisify(execFile);
    const quick = [
      '--batch',
      '--passphrase',
      '',
      '--quick-generate-key',
      'Dora <dora@example.org>',
      'ed25519',
      'sign',
    ];
    await run(gpg, quick, { env });
    const { stdout } = await run(gpg, ['--armor', '--export', 'dora@example.org'], { env });
    await file('dora.asc', stdout);
    await result(['operator', 'enroll', '--key', 'dora.asc', '--yes']);
    const strict = ['--profile', 'strict'];
    const { plan } = await result<{ plan: string }>(
      ['operator', 'enroll', '--key', 'carol.asc', '--name', 'Carol again', ...strict],
      6,
    );
    const document = await readFile(new URL('../../docs/formats/plan.md', import.meta.url), 'utf8');
    const block = /```sh\n([\s\S]*?)```/.exec(document)?.[1] ?? '';
    const root = new URL('../../', import.meta.url).pathname;
    const bin = join(folder, 'postern');
    await writeFile(bin, `#!/bin/sh\nexec "${process.execPath}" "${root}bin/run.js" "$@"\n`, { mode: 0o755 });
    await run('/bin/sh', ['-euc', block], {
      cwd: folder,
      env: { ...env, PATH: `${folder}:${process.env['PATH']}`, PLAN: plan, POSTERN_PROFILE: 'strict' },
    });
    expect(await result(['plan', 'apply', plan, ...strict])).toMatchObject({ applied: true });
    await run('gpgconf', ['--homedir', home, '--kill', 'all']).catch(() => {});
  });
});
