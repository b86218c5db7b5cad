import { readdir, rm, writeFile } from 'node:fs/promises';
import type { SecretSubkeyPacket } from 'openpgp';
import { expect, test } from 'vitest';
import { openMessage } from '../../../src/lib/crypto/openpgp-container.ts';
import { readRecipient, readSecretKey } from '../../../src/lib/crypto/openpgp-key.ts';
import { describeKey } from '../../../src/lib/crypto/openpgp-key-description.ts';
import { renewKey } from '../../../src/lib/crypto/openpgp-renew.ts';
import { openpgpRotation } from '../../../src/lib/key/openpgp/index.ts';
import { replaceSecretKey } from '../../../src/lib/key/openpgp/key-file.ts';
import { applyPlan } from '../../../src/lib/operation/apply.ts';
import { cancelPlan } from '../../../src/lib/operation/cancel.ts';
import type { Plan } from '../../../src/lib/operation/plan.ts';
import { seal } from '../../crypto/message-fixture.ts';
import {
  contents,
  day,
  type KeyFiles,
  later,
  openpgpWorld,
  rotateOptions,
  text,
} from '../../support/openpgp-world.ts';

const world = openpgpWorld();

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

test('a new key that waited and is another one now is not published', async () => {
  const files = await world.key();
  const plan = await applyUntil(files, 'publish');
  const { secretKey } = await renewKey(files.pair.secretKey, {
    change: 'subkey',
    ends: undefined,
    now: later(-60_000),
  });
  await writeFile(`${files.secretFile}.next`, secretKey);
  const before = await contents(files);
  await expect(world.apply(world.context(files), plan)).rejects.toMatchObject({
    code: 'key-lost',
    exitCode: 6,
  });
  expect(await contents(files)).toEqual(before);
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
  expect(Buffer.from(await openMessage(old, [secret])).toString()).toBe('x');
  await world.apply(world.context(files), plan);
  const key = await describeKey(await text(files.publicFiles[0]), new Date());
  expect(key.encryptionKeys).toHaveLength(2);
});
