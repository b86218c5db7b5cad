// Mail objects lie in archives of several sets: whether all of them are there is asked before anything is made.
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SetStore } from '../../src/lib/backup/context.ts';
import { planRestore } from '../../src/lib/backup/restore/plan-restore.ts';
import { runBackup } from '../../src/lib/backup/run.ts';
import type { Plan } from '../../src/lib/operation/plan.ts';
import { type ObjectsWorld, objectsWorld, partSize } from './objects-world.ts';
import { coverUp, withoutKeys } from './verify-world.ts';

let world: ObjectsWorld;
let base: string;
let setId: string;
const database = 'never_made';

beforeAll(async () => {
  world = await objectsWorld();
  await world.mailed('0/big', randomBytes(2 * partSize));
  for (const key of ['a/1', 'a/2']) await world.mailed(key, `body of ${key}`);
  base = (await runBackup(world.context())).setId;
  await world.mail.delete('0/big');
  await world.mailed('a/3', 'body of a/3');
  setId = (await runBackup(world.context())).setId;
});
afterAll(async () => {
  await world?.close();
});

const part = (set: string, number: number): RegExp => new RegExp(`${set}/objects/00000${number}\\.tar`);

async function plan(sets: SetStore, objectsTo = ['target']): Promise<Plan> {
  const context = await world.restoreContext({
    sets,
    profile: world.sets.profile,
    objectStore: async () => world.mail,
  });
  return planRestore(context, setId, { database, objectsTo });
}

test('an archive of an earlier set that is gone is told by its set before anything is made', async () => {
  expect((await world.manifest(setId)).objects?.base).toMatchObject([{ setId: base }]);
  await expect(plan(withoutKeys(world.sets, part(base, 3)))).rejects.toMatchObject({
    exitCode: 5,
    code: 'archive-missing',
    message: `mail objects of ${setId} are in archives that are not there: ${base} (objects/000003.tar.zst.pgp)`,
    hints: [expect.stringContaining('--from'), expect.stringContaining('--objects-to')],
  });
});

test('an earlier set that is gone altogether, and the own archive, are told alike', async () => {
  const error = (set: string) => ({
    exitCode: 5,
    code: 'archive-missing',
    message: expect.stringContaining(`not there: ${set} (`),
  });
  await expect(plan(withoutKeys(world.sets, new RegExp(`/${base}/`)))).rejects.toMatchObject(error(base));
  await expect(plan(withoutKeys(world.sets, new RegExp(`/${base}/SHA256SUMS$`)))).rejects.toMatchObject(
    error(base),
  );
  await expect(plan(withoutKeys(world.sets, part(setId, 1)))).rejects.toMatchObject(error(setId));
});

test('an archive that nothing is taken from is not missed, and one that somebody hid is not gone', async () => {
  expect((await plan(world.sets)).body.inputs).toMatchObject({ setId });
  expect((await plan(withoutKeys(world.sets, part(base, 1)))).body.inputs).toMatchObject({ setId });
  expect((await plan(withoutKeys(world.sets, /\.tar\./), [])).body.inputs).toMatchObject({ objects: null });
  await coverUp(world.sets.store, `${world.sets.prefix}${base}/objects/000003.tar.zst.pgp`, 'hidden');
  expect((await plan(world.sets)).body.inputs).toMatchObject({ setId });
});
