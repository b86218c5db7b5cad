import { spawnSync } from 'node:child_process';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { renewKey } from '../../../src/lib/crypto/openpgp-renew.ts';
import { type OpenpgpContext } from '../../../src/lib/key/openpgp/index.ts';
import {
  contents,
  day,
  type KeyFiles,
  later,
  openpgpWorld,
  rotateOptions,
} from '../../support/openpgp-world.ts';

const world = openpgpWorld();

/** The error of a plan that is not made, with nothing written. */
async function refusal(files: KeyFiles, own: Partial<OpenpgpContext>, options = {}): Promise<unknown> {
  const before = await contents(files);
  const error: unknown = await world
    .plan(world.context(files, own), rotateOptions(files.secretFile, options))
    .catch((reason: unknown) => reason);
  expect(await contents(files)).toEqual(before);
  return error;
}

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

test('a signer gets no subkey, an expired key none before its end is moved, and what never ends no later end', async () => {
  const signer = await world.key({ purpose: 'sign', expiresInDays: 2 });
  expect(await refusal(signer, {})).toMatchObject({ code: 'signer-without-subkey', exitCode: 2 });
  const expired = await world.key({ expiresInDays: 10, now: later(-20 * day) });
  expect(await refusal(expired, {})).toMatchObject({ code: 'key-expired', exitCode: 2 });
  const unending = await world.key({ purpose: 'sign' });
  expect(await refusal(unending, {}, { change: 'extend' })).toMatchObject({ code: 'key-without-end' });
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
