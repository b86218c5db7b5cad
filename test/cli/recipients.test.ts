import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { createLocalKms } from '../../src/lib/cloud/local/kms.ts';
import { generateKeyPair, type KeyPair } from '../../src/lib/crypto/openpgp-key.ts';
import { runCli } from '../support/cli.ts';
import { checkedJson } from './checked-json.ts';
import { type CliWorld, preparedWorld } from './cli-world.ts';

const day = 86_400_000;
let world: CliWorld;
let successor: KeyPair;
let offline = '';

const config = () => readFile(join(world.folder, 'postern.yaml'), 'utf8');

const pair = (name: string, changes: { readonly expiresInDays?: number; readonly now?: Date } = {}) =>
  generateKeyPair({ name, email: `${name}@example.org`, purpose: 'encrypt', ...changes });

async function json(command: string, ...argv: readonly string[]) {
  const run = await world.run(...command.split(' '), ...argv, '--json');
  return { code: run.code, ...(await checkedJson(command, run)) };
}

beforeAll(async () => {
  world = await preparedWorld();
  successor = await pair('successor');
  await world.file('keys/successor.pub.asc', successor.publicKey);
  await world.file('keys/successor.sec.asc', successor.secretKey);
  // Two profiles in the file, and something to keep.
  const text = stringify(parse(await config()), { aliasDuplicateObjects: false });
  await world.file('postern.yaml', `# kept by hand\n${text}`);
  await world.must('backup', 'run');
});

afterAll(() => world?.close());

test('a recipient is listed, added, wrapped for, and the one before is removed', async () => {
  const listed = await json('backup recipients list');
  expect(listed).toMatchObject({ code: 0, result: { needed: 2, usable: 2, kmsKey: null } });
  offline = (listed.result as { recipients: { fingerprint: string }[] }).recipients[1]?.fingerprint ?? '';

  const before = await config();
  const refusedFirst = await json('backup recipients remove', offline, '--yes');
  expect(refusedFirst).toMatchObject({ code: 6, error: { code: 'recipients-too-few' } });
  expect(await json('backup recipients add', 'keys/successor.pub.asc')).toMatchObject({
    code: 2,
    error: { code: 'needs-answer' },
  });
  expect(await json('backup recipients add', 'keys/successor.pub.asc', '--dry-run')).toMatchObject({
    result: { change: 'would add' },
  });
  expect(await config()).toBe(before);

  const added = await json('backup recipients add', 'keys/successor.pub.asc', '--yes');
  expect(added).toMatchObject({ code: 0, result: { change: 'added', file: 'keys/successor.pub.asc' } });
  const after = await config();
  expect(after).toBe(
    before.replace(
      '        - keys/backup-offline.pub.asc\n',
      '        - keys/backup-offline.pub.asc\n        - keys/successor.pub.asc\n',
    ),
  );
  expect(parse(after).profiles.strict).toEqual(parse(before).profiles.strict);
  expect((await stat(join(world.folder, 'postern.yaml'))).mode & 0o777).toBe(0o600);
  expect(await json('backup recipients add', 'keys/successor.pub.asc', '--yes')).toMatchObject({
    code: 2,
    error: { code: 'recipient-exists' },
  });

  expect(await json('backup recipients sets', 'keys/successor.pub.asc', '--fail-missing')).toMatchObject({
    code: 3,
    result: { openable: 0, missing: 1 },
  });
  const wouldLose = await json('backup recipients remove', offline, '--dry-run');
  expect(wouldLose.result).toMatchObject({ change: 'would remove', access: { sets: 1, lost: [] } });

  expect((await json('backup rewrap', '--all', '--dry-run')).result).toMatchObject({
    sets: [{ outcome: 'would rewrap', recipients: [successor.fingerprint] }],
  });
  expect(await json('backup rewrap', '--all', '--yes')).toMatchObject({
    code: 0,
    result: { sets: [{ outcome: 'rewrapped', message: null }] },
  });
  expect((await json('backup rewrap', '--yes')).result).toMatchObject({
    sets: [{ outcome: 'nothing to do' }],
  });
  expect(await json('backup recipients sets', 'keys/successor.sec.asc', '--fail-missing')).toMatchObject({
    code: 0,
    result: { sets: [{ opensBy: 'rewrap' }] },
  });

  const removed = await json('backup recipients remove', offline.slice(-16), '--yes');
  expect(removed).toMatchObject({
    code: 0,
    result: { change: 'removed', access: { remaining: [{ sets: 1 }, { sets: 1 }], lost: [] } },
  });
  expect(parse(await config()).profiles.test.backup.recipients).toEqual([
    'keys/backup-operations.pub.asc',
    'keys/successor.pub.asc',
  ]);
  const audit = (await world.must('audit', 'log', '--json')).json().result as {
    entries: { body: { action: string; event: string } }[];
  };
  const done = audit.entries.filter(({ body }) => body.event === 'done').map(({ body }) => body.action);
  expect(done).toEqual(
    expect.arrayContaining(['backup.recipients.add', 'backup.rewrap', 'backup.recipients.remove']),
  );

  // The key that came later opens the old set by itself.
  const yaml = parse(await config());
  yaml.profiles.test.backup.secret_keys = ['keys/successor.sec.asc'];
  await world.file('later.yaml', stringify(yaml));
  expect(await json('backup show', '--config', 'later.yaml')).toMatchObject({
    result: {
      manifest: { sources: expect.arrayContaining([expect.objectContaining({ name: 'platform' })]) },
    },
  });
  expect(await json('backup verify', '--config', 'later.yaml')).toMatchObject({
    code: 0,
    result: { opened: true },
  });
});

test('a set that none of the remaining keys opens is told before its key is removed', async () => {
  const third = await pair('third');
  await world.file('keys/third.pub.asc', third.publicKey);
  await world.must('backup', 'recipients', 'add', 'keys/third.pub.asc', '--yes');
  await world.must('backup', 'recipients', 'remove', successor.fingerprint, '--yes');
  await world.must('backup', 'recipients', 'add', 'keys/successor.pub.asc', '--yes');
  const operations = parse(await config()).profiles.test.backup.recipients[0];
  expect(operations).toBe('keys/backup-operations.pub.asc');
  const list = (await json('backup recipients list')).result as { recipients: { fingerprint: string }[] };
  const fingerprint = list.recipients[0]?.fingerprint ?? '';
  const { result } = await json('backup recipients remove', fingerprint, '--dry-run');
  // The successor opens it by a rewrap, the third not at all.
  expect(result).toMatchObject({
    access: { sets: 1, remaining: [{ sets: 0 }, { fingerprint: successor.fingerprint, sets: 1 }], lost: [] },
  });
});

test('a key that ends soon, has ended or cannot be used is told by the list, and a run warns of one', async () => {
  const soon = await pair('soon', { expiresInDays: 20 });
  const late = await pair('late', { expiresInDays: 50 });
  const ended = await pair('ended', { expiresInDays: 1, now: new Date(Date.now() - 3 * day) });
  for (const [name, key] of Object.entries({ soon, late, ended }))
    await world.file(`keys/${name}.pub.asc`, key.publicKey);
  const yaml = parse(await config());
  const withRecipients = async (...files: readonly string[]) => {
    yaml.profiles.test.backup.recipients = ['keys/backup-operations.pub.asc', ...files];
    await world.file('other.yaml', stringify(yaml));
  };
  await withRecipients(
    'keys/soon.pub.asc',
    'keys/late.pub.asc',
    'keys/ended.pub.asc',
    'keys/backup-signer.pub.asc',
  );
  const listed = await json('backup recipients list', '--config', 'other.yaml');
  expect(listed.code).toBe(3);
  expect((listed.result as { recipients: { state: string }[] }).recipients.map(({ state }) => state)).toEqual(
    ['valid', 'expiring', 'expiring', 'expired', 'unusable'],
  );
  await withRecipients('keys/ended.pub.asc');
  expect(await json('backup recipients list', '--config', 'other.yaml')).toMatchObject({
    code: 3,
    warnings: [expect.stringMatching(/1 different keys can be used, and 2 are needed/)],
  });
  await withRecipients('keys/soon.pub.asc', 'keys/late.pub.asc');
  const run = await json('backup run', '--config', 'other.yaml');
  expect(run).toMatchObject({
    code: 0,
    warnings: [expect.stringMatching(`recipient ${soon.fingerprint} expires at`)],
  });
  const doctor = (await world.run('doctor', '--config', 'other.yaml', '--json')).json().result as {
    lines: { component: string; state: string; message: string }[];
  };
  expect(doctor.lines.find(({ component }) => component === 'backup keys')).toMatchObject({
    state: 'finding',
    message: expect.stringMatching(soon.fingerprint),
  });
});

test('a key that cannot be a recipient is not added, and a configuration that cannot be changed says what to change', async () => {
  expect(await json('backup recipients add', 'keys/successor.sec.asc', '--yes')).toMatchObject({
    code: 2,
    error: { code: 'recipient-is-secret' },
  });
  expect(await json('backup recipients add', 'keys/ended.pub.asc', '--yes')).toMatchObject({
    code: 2,
    error: { code: 'recipient-expired' },
  });
  expect(await json('backup recipients remove', 'ABCD', '--yes')).toMatchObject({
    code: 2,
    error: { code: 'recipient-unknown' },
  });
  const yaml = parse(await config());
  const { strict, test: profile } = yaml.profiles;
  strict.backup.recipients = profile.backup.recipients;
  // The list of one profile is the other's too, which stringify writes as an alias.
  const text = stringify({ ...yaml, profiles: { strict, test: profile } });
  expect(text).toMatch(/recipients: \*a1/);
  await writeFile(join(world.folder, 'aliased.yaml'), text);
  expect(
    await json('backup recipients add', 'keys/soon.pub.asc', '--yes', '--config', 'aliased.yaml'),
  ).toMatchObject({
    code: 2,
    error: {
      code: 'config-not-editable',
      hints: [expect.stringMatching(/profiles\.test\.backup\.recipients by hand to: \[.*soon/)],
    },
  });
});

test("the sandbox's own configuration is left alone, because the sandbox writes it anew", async () => {
  const yaml = parse(await config());
  const { backup } = yaml.profiles.test;
  backup.recipients = backup.recipients.map((file: string) => `../${file}`);
  await mkdir(join(world.folder, 'default'));
  await world.file('default/postern.yaml', stringify(yaml, { aliasDuplicateObjects: false }));
  const run = await runCli(['backup', 'recipients', 'add', 'keys/soon.pub.asc', '--yes', '--json'], {
    cwd: world.folder,
    env: { POSTERN_SANDBOX_HOME: world.folder, POSTERN_CONFIG: 'default/postern.yaml' },
  });
  expect(await checkedJson('backup recipients add', run)).toMatchObject({
    error: { code: 'config-not-editable', message: expect.stringMatching(/belongs to the sandbox/) },
  });
});

test('with a key of the key management service one recipient suffices, and the service opens the set', async () => {
  const kms = await createLocalKms({
    path: join(world.folder, 'kms.sealed'),
    unlock: { passphrase: 'p' },
    scryptLogN: 14,
  });
  const { keyId } = await kms.createKey({ usage: 'encrypt', description: 'backups' });
  await world.file('secrets/kms', 'p\n');
  const yaml = parse(await config());
  yaml.profiles.test.kms = { adapter: 'local', path: 'kms.sealed', passphrase: `\${file:secrets/kms}` };
  const { backup } = yaml.profiles.test;
  backup.recipients = ['keys/backup-offline.pub.asc'];
  delete backup.secret_keys;
  await world.file('kms.yaml', stringify(yaml));
  expect(await json('config check', '--config', 'kms.yaml')).toMatchObject({
    code: 2,
    error: { message: expect.stringMatching(/backup\.recipients: expected at least two keys/) },
  });
  backup.kms_key = keyId;
  await world.file('kms.yaml', stringify(yaml));
  expect(await json('backup recipients list', '--config', 'kms.yaml')).toMatchObject({
    code: 0,
    result: { kmsKey: keyId, needed: 1, usable: 1 },
  });
  expect((await json('backup run', '--config', 'kms.yaml')).code).toBe(0);
  expect(await json('backup show', '--config', 'kms.yaml')).toMatchObject({
    result: { manifest: { sources: expect.any(Array) } },
  });
  expect(await json('backup verify', '--config', 'kms.yaml')).toMatchObject({
    code: 0,
    result: { opened: true },
  });
  expect(
    await json('backup rewrap', '--to', 'keys/successor.pub.asc', '--yes', '--config', 'kms.yaml'),
  ).toMatchObject({ code: 0, result: { sets: [{ outcome: 'rewrapped' }] } });
  await kms.disableKey(keyId);
  for (const command of ['backup run', 'backup show'])
    expect(await json(command, '--config', 'kms.yaml'), command).toMatchObject({
      code: 1,
      error: { code: 'kms-key-unusable' },
    });
  // What needs no key can be compared all the same; but nobody may believe that the set opens.
  expect(await json('backup verify', '--config', 'kms.yaml')).toMatchObject({
    code: 4,
    result: { opened: false, unopened: 'service' },
  });
});
