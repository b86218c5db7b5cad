import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { openMessage } from '../../../src/lib/crypto/openpgp-container.ts';
import { readRecipient, readSecretKey } from '../../../src/lib/crypto/openpgp-key.ts';
import { describeKey } from '../../../src/lib/crypto/openpgp-key-description.ts';
import { proveEncryption } from '../../../src/lib/crypto/openpgp-probe.ts';
import { progressOf, readJournal } from '../../../src/lib/operation/journal.ts';
import type { Plan } from '../../../src/lib/operation/plan.ts';
import { seal } from '../../crypto/message-fixture.ts';
import { onceUnlocked } from '../../support/once-unlocked.ts';
import { type KeyFiles, openpgpWorld, rotateOptions, text } from '../../support/openpgp-world.ts';
import { clockAt } from '../../support/operation.ts';

const world = openpgpWorld();
const script = fileURLToPath(new URL('../../support/openpgp-child.ts', import.meta.url));

interface Rotation {
  readonly files: KeyFiles;
  readonly plan: Plan;
  /** Encrypted before. */
  readonly old: Buffer;
  /** Milliseconds by which its clock goes ahead: a key is changed once a second at most. */
  readonly ahead: number;
}

async function prepared(): Promise<Rotation> {
  const files = await world.key();
  const old = await seal(Buffer.from('before'), [await readRecipient(files.pair.publicKey, new Date())]);
  return { files, plan: await planned(files, 0), old, ahead: 0 };
}

async function planned(files: KeyFiles, ahead: number): Promise<Plan> {
  const context = world.context(files, { clock: clockAt(ahead) });
  return (await world.plan(context, rotateOptions(files.secretFile))).plan;
}

function start({ files, plan, ahead }: Rotation, killAt: string) {
  const argv = [world.state.url, plan.id, killAt, String(ahead), files.secretFile, ...files.publicFiles];
  return spawn(process.execPath, [script, ...argv], { stdio: ['ignore', 'pipe', 'inherit'] });
}

async function ending(child: ReturnType<typeof start>): Promise<number | string | null> {
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
  return signal ?? code;
}

/** Whatever a backup that begins now is encrypted for, and what was encrypted before, opens with the file in its place. */
async function expectOpenable({ files, old, ahead }: Omit<Rotation, 'plan'>): Promise<void> {
  const secret = await readSecretKey(await text(files.secretFile));
  expect(Buffer.from(await openMessage(old, [secret])).toString()).toBe('before');
  for (const path of files.publicFiles) await proveEncryption(await text(path), secret, clockAt(ahead).now());
}

async function finish({ files, plan, ahead }: Rotation): Promise<void> {
  await onceUnlocked(() => world.apply(world.context(files, { clock: clockAt(ahead) }), plan));
}

async function expectFinished(rotation: Rotation, subkeys: number): Promise<void> {
  const { files, plan, ahead } = rotation;
  await expectOpenable(rotation);
  const journal = await readJournal(world.state.pool, plan.id);
  expect(progressOf(journal).state).toBe('applied');
  const now = clockAt(ahead).now();
  const secret = await describeKey(await text(files.secretFile), now);
  expect(secret.encryptionKeys).toHaveLength(subkeys);
  expect(secret.encryptionKeys.every(({ hasSecret }) => hasSecret)).toBe(true);
  const newest = secret.encryptionKeys.at(-1)?.keyId;
  for (const path of files.publicFiles)
    expect((await describeKey(await text(path), now)).encryption).toMatchObject({ keyId: newest });
  expect((await readdir(files.folder)).toSorted()).toEqual(
    [...files.publicFiles, files.secretFile].map((path) => basename(path)),
  );
}

const points = [
  ...[0, 1, 2, 3].flatMap((step) => [`before:${step}`, `after:${step}`]),
  ...[0, 1, 2, 3].flatMap((file) => [`rename-before:${file}`, `rename-after:${file}`]),
];

test.each(points)('killed at %s, everything opens, and the next run finishes', async (point) => {
  const rotation = await prepared();
  expect(await ending(start(rotation, point))).toBe('SIGKILL');
  await expectOpenable(rotation);
  await finish(rotation);
  await expectFinished(rotation, 2);
});

test.each([0, 1, 2].flatMap((file) => [`rename-before:${file}`, `rename-after:${file}`]))(
  'without a plan, killed at %s, what is published opens, and it is run again',
  async (point) => {
    const { files, old, ahead } = await prepared();
    const run = (killAt: string, at: number) => {
      const argv = [world.state.url, '', killAt, String(at), files.secretFile, ...files.publicFiles];
      return ending(spawn(process.execPath, [script, ...argv], { stdio: ['ignore', 'pipe', 'inherit'] }));
    };
    expect(await run(point, ahead)).toBe('SIGKILL');
    await expectOpenable({ files, old, ahead });
    expect(await run('', ahead + 2000)).toBe(0);
    await expectOpenable({ files, old, ahead: ahead + 2000 });
    const { encryption, encryptionKeys } = await describeKey(
      await text(files.secretFile),
      clockAt(ahead + 2000).now(),
    );
    expect(encryptionKeys.every(({ hasSecret }) => hasSecret)).toBe(true);
    // Once the secret key is replaced, the next run makes another subkey.
    const isReplaced = !['rename-before:0', 'rename-after:0', 'rename-before:1'].includes(point);
    expect(encryptionKeys).toHaveLength(isReplaced ? 3 : 2);
    const published = await describeKey(await text(files.publicFiles[0]), clockAt(ahead + 2000).now());
    expect(published.encryption).toEqual(encryption);
    expect(await readdir(files.folder)).toHaveLength(3);
  },
);

test('killed at twelve random moments, a chain of rotations keeps every secret that was published', async () => {
  let rotation = await prepared();
  let kills = 0;
  let subkeys = 2;
  for (let round = 0; kills < 12 && round < 60; round += 1) {
    const child = start(rotation, '');
    await once(child.stdout as NodeJS.ReadableStream, 'data');
    const timer = setTimeout(() => child.kill('SIGKILL'), Math.random() * 200);
    const ended = await ending(child);
    clearTimeout(timer);
    await expectOpenable(rotation);
    if (ended === 'SIGKILL') {
      kills += 1;
      continue;
    }
    // 11: the server had not yet noticed that the killed run is gone; 6: it was killed after the last entry.
    expect([0, 6, 11]).toContain(ended);
    if (ended === 11) continue;
    await expectFinished(rotation, subkeys);
    subkeys += 1;
    const ahead = rotation.ahead + 2000;
    rotation = { ...rotation, ahead, plan: await planned(rotation.files, ahead) };
  }
  expect(kills).toBe(12);
  const { state } = progressOf(await readJournal(world.state.pool, rotation.plan.id));
  if (state !== 'applied') await finish(rotation);
  await expectFinished(rotation, subkeys);
}, 60_000);
