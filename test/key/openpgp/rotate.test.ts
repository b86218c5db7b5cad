import { spawnSync } from 'node:child_process';
import { chmod, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SecretSubkeyPacket } from 'openpgp';
import { expect, test } from 'vitest';
import { openMessage } from '../../../src/lib/crypto/openpgp-container.ts';
import { readRecipient, readSecretKey } from '../../../src/lib/crypto/openpgp-key.ts';
import { describeKey } from '../../../src/lib/crypto/openpgp-key-description.ts';
import { renewKey } from '../../../src/lib/crypto/openpgp-renew.ts';
import type { SecretKey } from '../../../src/lib/crypto/openpgp-secret-key.ts';
import { type OpenpgpContext, openpgpRotation, planImport } from '../../../src/lib/key/openpgp/index.ts';
import { replaceSecretKey } from '../../../src/lib/key/openpgp/key-file.ts';
import { applyPlan } from '../../../src/lib/operation/apply.ts';
import { cancelPlan } from '../../../src/lib/operation/cancel.ts';
import { readCertificate } from '../../../src/lib/operation/certificate.ts';
import { loadCertificate } from '../../../src/lib/operation/certificate-store.ts';
import type { Plan } from '../../../src/lib/operation/plan.ts';
import { savePlan } from '../../../src/lib/operation/plan-store.ts';
import { seal } from '../../crypto/message-fixture.ts';
import { day, type KeyFiles, openpgpWorld, rotateOptions, text } from '../../support/openpgp-world.ts';
import { clockAt } from '../../support/operation.ts';

const world = openpgpWorld();
const later = (milliseconds: number) => new Date(Date.now() + milliseconds);

/** Everything in the key's folder, by name. */
async function contents({ folder }: KeyFiles): Promise<Readonly<Record<string, string>>> {
  const names = (await readdir(folder)).toSorted();
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await text(join(folder, name))])),
  );
}

async function opened(message: Uint8Array, key: SecretKey): Promise<string> {
  return Buffer.from(await openMessage(message, [key])).toString();
}

async function statementOf(id: string) {
  return readCertificate(await loadCertificate(world.state.pool, id)).statement;
}

/** The error of a plan that is not made, with nothing written. */
async function refusal(files: KeyFiles, own: Partial<OpenpgpContext>, options = {}): Promise<unknown> {
  const before = await contents(files);
  const error: unknown = await world
    .plan(world.context(files, own), rotateOptions(files.secretFile, options))
    .catch((reason: unknown) => reason);
  expect(await contents(files)).toEqual(before);
  return error;
}

test('a rotation opens old and new sets, says so in its certificate, and keeps who may read the files', async () => {
  const files = await world.key({ expiresInDays: 30, passphrase: 'two words' });
  await chmod(files.secretFile, 0o440);
  await chmod(files.publicFiles[0], 0o640);
  const before = await readRecipient(files.pair.publicKey, new Date());
  const old = await seal(Buffer.from('before'), [before]);
  const needed = { sets: 3, lockedUntil: '2030-01-01T00:00:00.000Z', unknown: 0 };
  const context = world.context(files, {
    passphrase: (path) => Promise.resolve(path === files.secretFile ? 'two words' : undefined),
    setsOpenedBy: (keyIds) => Promise.resolve(keyIds[0] === before.encryptionKeyId ? needed : undefined),
    secretFiles: [files.secretFile, join(files.folder, 'copy.sec.asc')],
  });
  await writeFile(join(files.folder, 'copy.sec.asc'), files.pair.secretKey);

  const planned = await world.plan(context, rotateOptions(files.secretFile, { old: 'keep' }));
  expect(planned.staleCopies).toEqual([join(files.folder, 'copy.sec.asc')]);
  expect(planned.inputs).toMatchObject({ needed, oldKeyIds: [before.encryptionKeyId], role: 'recipient' });
  expect(await text(files.secretFile)).toBe(files.pair.secretKey);
  const { certificateId = '' } = await world.apply(context, planned.plan);

  const secret = await readSecretKey(await text(files.secretFile), 'two words');
  expect(await opened(old, secret)).toBe('before');
  const [first, second] = await Promise.all(
    files.publicFiles.map(async (path) => readRecipient(await text(path), new Date())),
  );
  expect(first?.encryptionKeyId).not.toBe(before.encryptionKeyId);
  expect(second?.encryptionKeyId).toBe(first?.encryptionKeyId);
  expect(first?.expires?.toISOString()).toBe(planned.ends);
  expect(Math.abs(Date.parse(planned.ends ?? '') - later(365 * day).getTime())).toBeLessThan(60_000);
  const after = await seal(Buffer.from('after'), first === undefined ? [] : [first]);
  expect(await opened(after, secret)).toBe('after');
  const former = await readSecretKey(files.pair.secretKey, 'two words');
  await expect(openMessage(after, [former])).rejects.toMatchObject({ name: 'PosternError' });
  expect((await stat(files.secretFile)).mode & 0o777).toBe(0o440);
  expect((await stat(files.publicFiles[0])).mode & 0o777).toBe(0o640);
  const kept = (await readdir(files.folder)).filter((name) => name.includes('.old-'));
  expect(kept).toHaveLength(1);
  expect(await text(join(files.folder, kept[0] ?? ''))).toBe(files.pair.secretKey);

  const statement = await statementOf(certificateId);
  const effects = {
    'encryption subkeys made': 1,
    'secret key files replaced': 1,
    'public key files written': 2,
  };
  expect(statement.predicate).toMatchObject({
    fingerprint: files.pair.fingerprint,
    published: { encryptionKeyId: first?.encryptionKeyId, ends: planned.ends },
    oldKeyIds: [before.encryptionKeyId],
    stillOpens: [before.encryptionKeyId],
    needed,
    forecast: effects,
    happened: effects,
  });
  expect(JSON.stringify(statement)).not.toContain('PRIVATE KEY');
});

test('a key without an end gets none, and one with an end gets one by its cryptoperiod', async () => {
  const endless = await world.key();
  const options = { duration: undefined };
  const first = await world.plan(world.context(endless), rotateOptions(endless.secretFile, options));
  expect(first.ends).toBeNull();
  await world.apply(world.context(endless), first.plan);
  expect((await describeKey(await text(endless.publicFiles[1]), new Date())).expires).toBeUndefined();
  const ending = await world.key({ expiresInDays: 30 });
  const second = await world.plan(world.context(ending), rotateOptions(ending.secretFile, options));
  expect(Math.abs(Date.parse(second.ends ?? '') - later(730 * day).getTime())).toBeLessThan(60_000);
});

test('of a signer and of an expired recipient the end is moved, and nothing else', async () => {
  const signer = await world.key({ purpose: 'sign', expiresInDays: 2 });
  expect(await refusal(signer, {})).toMatchObject({ code: 'signer-without-subkey', exitCode: 2 });
  const expired = await world.key({ expiresInDays: 10, now: later(-20 * day) });
  expect(await refusal(expired, {})).toMatchObject({ code: 'key-expired', exitCode: 2 });
  for (const files of [signer, expired]) {
    const context = world.context(files);
    const planned = await world.plan(context, rotateOptions(files.secretFile, { change: 'extend' }));
    const { certificateId = '' } = await world.apply(context, planned.plan);
    const key = await describeKey(await text(files.publicFiles[0]), new Date());
    expect(key.expires?.toISOString()).toBe(planned.ends);
    const before = await describeKey(files.pair.publicKey, new Date());
    expect(key.encryptionKeys.map(({ keyId }) => keyId)).toEqual(
      before.encryptionKeys.map(({ keyId }) => keyId),
    );
    const statement = await statementOf(certificateId);
    expect(statement.predicate).toMatchObject({
      change: 'extend',
      happened: { 'encryption subkeys made': 0 },
    });
  }
  const unending = await world.key({ purpose: 'sign' });
  expect(await refusal(unending, {}, { change: 'extend' })).toMatchObject({ code: 'key-without-end' });
});

test('what would stop it is told before anything is planned, and nothing is written', async () => {
  const files = await world.key({ passphrase: 'right' });
  const right = () => Promise.resolve('right');
  expect(await refusal(files, {})).toMatchObject({ code: 'secret-key-locked', exitCode: 2 });
  const wrong = { passphrase: () => Promise.resolve('wrong') };
  expect(await refusal(files, wrong)).toMatchObject({ code: 'secret-key-locked', exitCode: 2 });
  const stranger = await world.key();
  expect(await refusal(files, { publicFiles: stranger.publicFiles })).toMatchObject({
    code: 'key-not-configured',
    exitCode: 2,
  });
  expect(await refusal(files, { passphrase: right }, { meant: stranger.pair.fingerprint })).toMatchObject({
    code: 'keys-differ',
  });
  expect(await refusal(files, {}, { secretFile: files.publicFiles[0] })).toMatchObject({
    code: 'secret-key-is-public',
  });
  expect(await refusal(files, {}, { secretFile: join(files.folder, 'none') })).toMatchObject({
    code: 'file-unreadable',
  });
  expect(await refusal(files, { passphrase: right }, { duration: 60_000 * day })).toMatchObject({
    code: 'key-expiry-invalid',
  });
  await writeFile(files.publicFiles[1], files.pair.secretKey);
  expect(await refusal(files, { passphrase: right })).toMatchObject({ code: 'public-file-is-secret' });
});

test('a file that this user may not write is told of before anything is done', async () => {
  const files = await world.key();
  await chmod(world.folder, 0o755);
  const [path] = files.publicFiles;
  const module = new URL('../../../src/lib/key/openpgp/key-file.ts', import.meta.url).href;
  const script = `import(${JSON.stringify(module)}).then(({ requireWritable }) =>
    requireWritable(${JSON.stringify(path)}).then(() => console.log('writable'), ({ code }) => console.log(code)))`;
  // To root, every file is writable.
  const user = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
  const asked = () =>
    spawnSync(process.execPath, ['-e', script], { ...user, encoding: 'utf8' }).stdout.trim();
  for (const [file, folder, outcome] of [
    [0o666, 0o777, 'writable'],
    [0o444, 0o777, 'file-not-writable'],
    [0o666, 0o555, 'file-not-writable'],
  ] as const) {
    await chmod(path, file);
    await chmod(files.folder, folder);
    expect(asked()).toBe(outcome);
  }
  await chmod(files.folder, 0o700);
});

test('an older copy of a secret key is not rotated: the sets of today would open with another one', async () => {
  const files = await world.key();
  const { publicKey } = await renewKey(files.pair.secretKey, {
    change: 'subkey',
    ends: undefined,
    now: later(-60_000),
  });
  await writeFile(files.publicFiles[0], publicKey);
  expect(await refusal(files, {})).toMatchObject({ code: 'secret-key-older', exitCode: 2 });
});

test('a key that was changed this very second, or later, is left alone', async () => {
  const files = await world.key({ now: new Date() });
  const sameSecond = new Date(Math.ceil(Date.now() / 1000) * 1000 - 1000);
  expect(await refusal(files, { clock: { now: () => sameSecond } })).toMatchObject({
    code: 'key-changed-later',
  });
});

test('a file that is changed before the plan is applied makes it stale; the files are as they were', async () => {
  for (const change of ['secret', 'public', 'configuration'] as const) {
    const files = await world.key({ expiresInDays: 30 });
    const context = world.context(files);
    const { plan } = await world.plan(context, rotateOptions(files.secretFile));
    const extended = await renewKey(files.pair.secretKey, {
      change: 'extend',
      ends: later(90 * day),
      now: later(-60_000),
    });
    if (change === 'secret') await writeFile(files.secretFile, extended.secretKey);
    if (change === 'public') await writeFile(files.publicFiles[1], extended.publicKey);
    const before = await contents(files);
    const own = change === 'configuration' ? { publicFiles: [files.publicFiles[0]] } : {};
    await expect(world.apply(world.context(files, own), plan)).rejects.toMatchObject({
      code: 'plan-stale',
      exitCode: 6,
    });
    expect(await contents(files)).toEqual(before);
  }
});

/** Applies a plan until before a step. */
async function applyUntil(files: KeyFiles, kind: string): Promise<Plan> {
  const context = world.context(files);
  const { plan } = await world.plan(context, rotateOptions(files.secretFile));
  const stopped = new Error('stopped');
  const stopping: typeof openpgpRotation = {
    ...openpgpRotation,
    applyStep: (own, body, index, journal) => {
      if (body.body.steps[index]?.kind === kind) throw stopped;
      return openpgpRotation.applyStep(own, body, index, journal);
    },
  };
  await expect(applyPlan(context, stopping, plan.id)).rejects.toThrow('stopped');
  return plan;
}

test('a secret key that somebody changes after the new one was made is not overwritten', async () => {
  const files = await world.key({ expiresInDays: 30 });
  const plan = await applyUntil(files, 'publish');
  const extended = await renewKey(files.pair.secretKey, {
    change: 'extend',
    ends: later(90 * day),
    now: later(-60_000),
  });
  await writeFile(files.secretFile, extended.secretKey);
  const before = await contents(files);
  const context = world.context(files);
  await expect(world.apply(context, plan)).rejects.toMatchObject({ code: 'key-changed', exitCode: 6 });
  expect(await contents(files)).toEqual(before);
  // Given up, it tells what lies about; another rotation takes its place.
  const leftovers = await openpgpRotation.leftovers?.(context, plan);
  expect(leftovers?.join()).toContain(`${files.secretFile}.next`);
  await cancelPlan(context, plan.id, { reason: 'changed', whenStarted: 'abandon' });
  await writeFile(files.publicFiles[0], extended.publicKey);
  const again = await world.plan(context, rotateOptions(files.secretFile));
  await world.apply(context, again.plan);
  expect((await readdir(files.folder)).toSorted()).toEqual(['a.pub.asc', 'b.pub.asc', 'key.sec.asc']);
});

test('a new key that waited and is gone is not published', async () => {
  const files = await world.key();
  const plan = await applyUntil(files, 'prove');
  await rm(`${files.secretFile}.next`);
  await expect(world.apply(world.context(files), plan)).rejects.toMatchObject({
    code: 'key-lost',
    exitCode: 6,
  });
  expect((await describeKey(await text(files.publicFiles[0]), new Date())).encryptionKeys).toHaveLength(1);
});

test('a new key that does not open what the old one opened is not published', async () => {
  const files = await world.key();
  const plan = await applyUntil(files, 'prove');
  // The right public half, with the secret of the old subkey taken out.
  const { readPrivateKey } = await import('openpgp');
  const armoredKey = await text(`${files.secretFile}.next`);
  const key = await readPrivateKey({ armoredKey });
  for (const { keyPacket } of key.subkeys.slice(0, 1)) (keyPacket as SecretSubkeyPacket).makeDummy();
  await writeFile(`${files.secretFile}.next`, key.armor());
  const before = await contents(files);
  await expect(world.apply(world.context(files), plan)).rejects.toMatchObject({
    code: 'key-proof-failed',
    exitCode: 5,
  });
  expect(await contents(files)).toEqual(before);
});

test('what waits under the name of the new key and is another file stays as it is', async () => {
  const files = await world.key();
  await writeFile(`${files.secretFile}.next`, 'notes');
  const { plan } = await world.plan(world.context(files), rotateOptions(files.secretFile));
  await expect(world.apply(world.context(files), plan)).rejects.toMatchObject({ code: 'key-waiting' });
  expect(await text(`${files.secretFile}.next`)).toBe('notes');
});

test('a public file that is written by somebody else meanwhile is told of, and not believed', async () => {
  const files = await world.key();
  const plan = await applyUntil(files, 'verify');
  await writeFile(files.publicFiles[1], files.pair.publicKey);
  await expect(world.apply(world.context(files), plan)).rejects.toMatchObject({
    code: 'key-not-published',
    exitCode: 5,
  });
});

test('killed between the secret key and the first public file, backups go on with the old subkey', async () => {
  const files = await world.key();
  const plan = await applyUntil(files, 'publish');
  await replaceSecretKey(files.secretFile, undefined);
  const old = await seal(Buffer.from('x'), [
    await readRecipient(await text(files.publicFiles[0]), new Date()),
  ]);
  const secret = await readSecretKey(await text(files.secretFile));
  expect(await opened(old, secret)).toBe('x');
  await world.apply(world.context(files), plan);
  const key = await describeKey(await text(files.publicFiles[0]), new Date());
  expect(key.encryptionKeys).toHaveLength(2);
});

test('what was made elsewhere is imported once, into every file, and a secret key never', async () => {
  const files = await world.key({ expiresInDays: 30 });
  const context = world.context(files, { secretFiles: [files.secretFile] });
  const { publicKey, secretKey } = await renewKey(files.pair.secretKey, {
    change: 'subkey',
    ends: later(300 * day),
    now: later(-60_000),
  });
  const brought = join(world.folder, 'brought.asc');
  const importing = async () =>
    planImport(context, { file: brought, meant: files.pair.fingerprint.slice(-16) });
  await writeFile(brought, secretKey);
  await expect(importing()).rejects.toMatchObject({ code: 'import-is-secret', exitCode: 2 });
  await writeFile(brought, (await world.key()).pair.publicKey);
  await expect(importing()).rejects.toMatchObject({ code: 'keys-differ' });
  await writeFile(brought, files.pair.publicKey);
  await expect(importing()).rejects.toMatchObject({ code: 'import-not-newer' });
  await writeFile(brought, publicKey);
  const planned = await importing();
  expect(planned.staleCopies).toEqual([files.secretFile]);
  await savePlan(context, planned.plan);
  // The plan has what it needs.
  await rm(brought);
  const { certificateId = '' } = await world.apply(context, planned.plan);
  const wanted = await readRecipient(publicKey, new Date());
  for (const path of files.publicFiles)
    expect((await readRecipient(await text(path), new Date())).encryptionKeyId).toBe(wanted.encryptionKeyId);
  expect(await text(files.secretFile)).toBe(files.pair.secretKey);
  const statement = await statementOf(certificateId);
  expect(statement.predicate).toMatchObject({
    change: 'import',
    stillOpens: null,
    happened: { 'encryption subkeys made': 0, 'secret key files replaced': 0, 'public key files written': 2 },
  });
  await writeFile(brought, publicKey);
  await expect(importing()).rejects.toMatchObject({ code: 'import-not-newer' });
});

test('a key that its owner revoked gets nothing new, even where only the public file says so', async () => {
  const files = await world.key();
  const { readKey, revokeKey } = await import('openpgp');
  const revoked = await revokeKey({
    key: await readKey({ armoredKey: files.pair.publicKey }),
    revocationCertificate: files.pair.revocationCertificate,
    format: 'armored',
  });
  await writeFile(files.publicFiles[1], revoked.publicKey);
  expect(await refusal(files, {})).toMatchObject({ code: 'key-revoked', exitCode: 2 });
  expect(await refusal(files, {}, { change: 'extend' })).toMatchObject({ code: 'key-revoked' });
});

test('two rotations after each other keep both old subkeys', async () => {
  const files = await world.key();
  for (const ahead of [0, 5000]) {
    const context = world.context(files, { clock: clockAt(ahead) });
    const { plan } = await world.plan(context, rotateOptions(files.secretFile));
    await world.apply(context, plan);
  }
  const { encryptionKeys } = await describeKey(await text(files.secretFile), later(6000));
  expect(encryptionKeys.map(({ hasSecret }) => hasSecret)).toEqual([true, true, true]);
});
