import { chmod, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readPrivateKey, type SecretSubkeyPacket } from 'openpgp';
import { expect, test } from 'vitest';
import { openMessage } from '../../../src/lib/crypto/openpgp-container.ts';
import { readRecipient, readSecretKey } from '../../../src/lib/crypto/openpgp-key.ts';
import { describeKey } from '../../../src/lib/crypto/openpgp-key-description.ts';
import { renewKey } from '../../../src/lib/crypto/openpgp-renew.ts';
import type { SecretKey } from '../../../src/lib/crypto/openpgp-secret-key.ts';
import { planImport } from '../../../src/lib/key/openpgp/index.ts';
import { readCertificate } from '../../../src/lib/operation/certificate.ts';
import { loadCertificate } from '../../../src/lib/operation/certificate-store.ts';
import { savePlan } from '../../../src/lib/operation/plan-store.ts';
import { seal } from '../../crypto/message-fixture.ts';
import { day, later, openpgpWorld, rotateOptions, text } from '../../support/openpgp-world.ts';
import { clockAt } from '../../support/operation.ts';

const world = openpgpWorld();

async function opened(message: Uint8Array, key: SecretKey): Promise<string> {
  return Buffer.from(await openMessage(message, [key])).toString();
}

async function statementOf(id: string) {
  return readCertificate(await loadCertificate(world.state.pool, id)).statement;
}

test('a rotation opens old and new sets, says so in its certificate, and keeps who may read the files', async () => {
  const files = await world.key({ expiresInDays: 30, passphrase: 'two words' });
  await chmod(files.secretFile, 0o640);
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
  const { subkeys } = await readPrivateKey({ armoredKey: await text(files.secretFile) });
  expect(subkeys.map(({ keyPacket }) => (keyPacket as SecretSubkeyPacket).isDecrypted())).toEqual([
    false,
    false,
  ]);
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
  expect((await stat(files.secretFile)).mode & 0o777).toBe(0o640);
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
  const expired = await world.key({ expiresInDays: 10, now: later(-20 * day) });
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

test('what a public file has besides stays in it', async () => {
  const files = await world.key();
  const [path, other] = files.publicFiles;
  const { publicKey } = await renewKey(files.pair.secretKey, {
    change: 'subkey',
    ends: later(-30_000),
    now: later(-60_000),
  });
  // Another subkey, which has ended, and whose secret is not here.
  await writeFile(path, publicKey);
  const context = world.context(files);
  const { plan } = await world.plan(context, rotateOptions(files.secretFile));
  await world.apply(context, plan);
  expect((await describeKey(await text(path), new Date())).encryptionKeys).toHaveLength(3);
  expect((await describeKey(await text(other), new Date())).encryptionKeys).toHaveLength(2);
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
