import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { generateKeyPair } from '../../src/lib/crypto/openpgp-key.ts';
import { describeKey } from '../../src/lib/crypto/openpgp-key-description.ts';
import { openGpgHome } from '../crypto/gpg-home.ts';
import { describeWith } from '../support/optional.ts';
import { checkedJson } from './checked-json.ts';
import { type CliWorld, preparedWorld } from './cli-world.ts';

const command = ['key', 'rotate', 'openpgp'];
const secretFile = 'keys/backup-operations.sec.asc';
const publicFile = 'keys/backup-operations.pub.asc';
let world: CliWorld;

const text = async (name: string) => (await readFile(join(world.folder, name))).toString();
const described = async (name: string) => describeKey(await text(name), new Date());

async function json(name: string, ...argv: readonly string[]) {
  const run = await world.run(...name.split(' '), ...argv, '--json');
  return { code: run.code, ...(await checkedJson(name, run)) };
}

async function rotate(...argv: readonly string[]) {
  const run = await world.run(...command, ...argv, '--json');
  return { code: run.code, ...(await checkedJson('key rotate openpgp', run)) };
}

/** Replaces a key of the world by one that was made an hour ago, so that it may be changed at once. */
async function older(name: string, own: Partial<Parameters<typeof generateKeyPair>[0]>) {
  const pair = await generateKeyPair({
    name,
    email: `${name}@example.org`,
    purpose: 'encrypt',
    now: new Date(Date.now() - 3_600_000),
    ...own,
  });
  await world.file(`keys/backup-${name}.pub.asc`, pair.publicKey);
  await world.file(`keys/backup-${name}.sec.asc`, pair.secretKey);
  return pair;
}

beforeAll(async () => {
  world = await preparedWorld();
  await older('operations', { passphrase: 'two words', expiresInDays: 30 });
  await older('offline', {});
  await older('signer', { purpose: 'sign', passphrase: 'three more words', expiresInDays: 30 });
  await world.file('secrets/passphrase', 'two words\n');
  await world.file('secrets/signer', 'three more words\n');
  await world.file('secrets/wrong', 'one word\n');
  const yaml = parse(await text('postern.yaml'));
  yaml.profiles.test.backup.secret_key_passphrase = '${file:secrets/passphrase}';
  yaml.profiles.test.backup.signer.passphrase = '${file:secrets/signer}';
  await world.file('postern.yaml', stringify(yaml));
  await world.must('backup', 'run');
});

afterAll(() => world?.close());

test('old sets stay open and new ones are made for the new subkey, which the register and rewraps know', async () => {
  const before = await described(publicFile);
  await world.file('before.sec.asc', await text(secretFile));
  const dry = await rotate('--secret-key', secretFile, '--dry-run');
  expect(dry).toMatchObject({
    code: 0,
    result: {
      outcome: 'not stored',
      change: 'subkey',
      encryptionKeyId: null,
      needed: { sets: 1, unknown: 0 },
    },
  });
  expect(await described(publicFile)).toEqual(before);
  expect(await rotate('--secret-key', secretFile)).toMatchObject({
    code: 2,
    error: { code: 'needs-answer' },
  });

  const done = await rotate('--secret-key', secretFile, '--expires', '400d', '--yes');
  const after = await described(publicFile);
  const oldId = before.encryptionKeys[0]?.keyId ?? '';
  const newId = after.encryptionKeys[1]?.keyId ?? '';
  expect(done).toMatchObject({
    code: 0,
    result: { outcome: 'applied', encryptionKeyId: newId, oldKeyIds: [oldId], staleCopies: [] },
  });
  expect(after.encryption).toMatchObject({ possible: true, keyId: newId });
  const { certificate } = done.result as { certificate: string };
  await world.must('certificate', 'verify', certificate);
  expect((await stat(join(world.folder, secretFile))).mode & 0o777).toBe(0o600);

  // The set of before opens, is wrapped for the new subkey too, and the set of after is made for it alone.
  expect(await json('backup verify')).toMatchObject({ code: 0, result: { opened: true } });
  expect((await json('backup rewrap', '--all', '--yes')).result).toMatchObject({
    sets: [{ outcome: 'rewrapped' }],
  });
  await world.must('backup', 'run');
  expect(await json('backup verify', '--all')).toMatchObject({ code: 0 });
  const sets = async (file: string) => (await json('backup recipients sets', file)).result;
  expect(await sets(secretFile)).toMatchObject({ openable: 2, missing: 0 });
  expect(await sets('before.sec.asc')).toMatchObject({ openable: 1, missing: 1 });

  const register = await json('key list');
  const rows = (register.result as { keys: { id: string; expires?: string; dueAt?: string }[] }).keys;
  const row = rows.find(({ id }) => id === `openpgp-recipient:${after.fingerprint}`);
  expect(JSON.stringify(row)).toContain(after.encryptionKeys[1]?.expires?.toISOString().slice(0, 10));
});

test('a person reads what was done, and what is left to do', async () => {
  const run = await world.must(
    ...command,
    '--secret-key',
    'keys/backup-signer.sec.asc',
    '--extend-only',
    '--expires',
    '500d',
    '--yes',
  );
  expect(run.stdout).toMatch(/^key {7}signer [0-9A-F]{40} until 20\d\d-\d\d-\d\d$/m);
  await world.must('backup', 'run');
  expect(await json('backup verify')).toMatchObject({ code: 0 });
  const piped = await world.must(...command, '--secret-key', 'keys/backup-offline.sec.asc', '--dry-run');
  expect(piped.stdout).toMatch(/^next {6}postern backup rewrap --all/m);
  expect(piped.stdout).toMatch(/^old {7}[0-9A-F]{16}: their secrets stay in /m);
});

test('the key in the safe is rotated without configuration, and its public half is imported', async () => {
  const away = (...argv: readonly string[]) =>
    rotate('--secret-key', 'keys/backup-offline.sec.asc', '--config', '/nonexistent', ...argv);
  const out = join(world.folder, 'brought.pub.asc');
  const fingerprint = (await described('keys/backup-offline.pub.asc')).fingerprint;
  expect(await away('--public-out', out, '--dry-run')).toMatchObject({
    code: 0,
    result: { outcome: 'not stored', plan: null },
  });
  await expect(stat(out)).rejects.toThrow();
  expect(await away('--public-out', out)).toMatchObject({ code: 2, error: { code: 'needs-answer' } });
  const secret = await text('keys/backup-offline.sec.asc');
  expect(await away('--public-out', 'keys/backup-offline.sec.asc', '--yes')).toMatchObject({
    code: 2,
    error: { code: 'public-file-is-secret' },
  });
  expect(await text('keys/backup-offline.sec.asc')).toBe(secret);
  const done = await away('--public-out', out, '--yes');
  expect(done).toMatchObject({ code: 0, result: { outcome: 'applied', plan: null, fingerprint } });
  const { encryptionKeyId } = done.result as { encryptionKeyId: string };
  expect((await described('keys/backup-offline.pub.asc')).encryption).not.toMatchObject({
    keyId: encryptionKeyId,
  });

  expect(await rotate('--import', out, '--plan-only')).toMatchObject({
    code: 0,
    result: { outcome: 'planned' },
  });
  const planned = (await rotate('--import', out, '--plan-only', fingerprint)).result as { plan: string };
  expect(await json('plan apply', planned.plan, '--yes')).toMatchObject({ code: 0 });
  expect((await described('keys/backup-offline.pub.asc')).encryption).toMatchObject({
    keyId: encryptionKeyId,
  });
  expect(await rotate('--import', out, '--yes')).toMatchObject({
    code: 2,
    error: { code: 'import-not-newer' },
  });
  expect(await json('backup recipients list')).toMatchObject({ result: { usable: 2 } });
});

test('wrong flags, keys and passphrases are told with 2, and no secret is shown', async () => {
  const refused = async (code: string, ...argv: readonly string[]) =>
    expect(await rotate(...argv), argv.join(' ')).toMatchObject({ code: 2, error: { code } });
  await refused('usage');
  await refused('secret-key-locked', '--secret-key', secretFile, '--passphrase-file', 'secrets/wrong');
  await refused('duration-invalid', '--secret-key', secretFile, '--expires', 'soon');
  await refused('keys-differ', '0123456789ABCDEF', '--secret-key', secretFile);
  await refused('import-is-secret', '--import', secretFile);
  await refused('signer-without-subkey', '--secret-key', 'keys/backup-signer.sec.asc');
  const stranger = await generateKeyPair({ name: 'x', email: 'x@example.org', purpose: 'encrypt' });
  await world.file('stranger.sec.asc', stranger.secretKey);
  await refused('key-not-configured', '--secret-key', 'stranger.sec.asc');
  await rm(join(world.folder, 'stranger.sec.asc'));
  const run = await world.run(...command, '--secret-key', secretFile, '--import', publicFile);
  expect(run.code).toBe(2);
  expect((await readdir(join(world.folder, 'keys'))).filter((name) => name.endsWith('.next'))).toEqual([]);
});

test('where an approver is needed the plan waits, and one that is approved by nobody is refused', async () => {
  const yaml = parse(await text('postern.yaml'));
  yaml.profiles.test.approvals = { 'key.rotate-openpgp': 1 };
  await world.file('approved.yaml', stringify(yaml));
  const waiting = await rotate('--secret-key', secretFile, '--config', 'approved.yaml', '--yes');
  expect(waiting).toMatchObject({ code: 6, result: { outcome: 'awaiting approval', encryptionKeyId: null } });
  const { plan } = waiting.result as { plan: string };
  expect(await json('plan apply', plan, '--yes', '--config', 'approved.yaml')).toMatchObject({ code: 6 });
});

describeWith(['gpg'], 'in gpg', ({ gpg }) => {
  test('the published key has the new subkey, and its secret key decrypts what it encrypts and every set', async () => {
    const home = openGpgHome(gpg);
    try {
      home.must(['--import', join(world.folder, publicFile)]);
      const { encryption } = await described(publicFile);
      const id = encryption.possible ? encryption.keyId : '';
      expect(home.must(['--list-keys', '--with-colons']).toString()).toContain(`:${id}:`);
      const message = home.must(['--encrypt', '--recipient', 'operations@example.org'], 'hello');
      home.must(['--import', join(world.folder, secretFile)], '', 'two words');
      expect(home.must(['--decrypt'], message, 'two words').toString()).toBe('hello');
      const stored = await readdir(join(world.folder, 'offsite'), { recursive: true });
      const manifests = stored.filter((name) => name.endsWith('manifest.json.pgp'));
      // One from before the rotation, and others from after it.
      expect(manifests.length).toBeGreaterThanOrEqual(2);
      for (const name of manifests) {
        const packed = home.must(['--decrypt', join(world.folder, 'offsite', name)], '', 'two words');
        expect(JSON.parse(zstdDecompressSync(packed).toString())).toHaveProperty('sources');
      }
    } finally {
      home.close();
    }
  });
});
