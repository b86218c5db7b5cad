import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { backupRestore } from '../../src/lib/backup/restore/kind.ts';
import { restoreOutcome } from '../../src/lib/backup/restore/outcome.ts';
import { planRestore } from '../../src/lib/backup/restore/plan-restore.ts';
import { runBackup } from '../../src/lib/backup/run.ts';
import { usageError } from '../../src/lib/base/error.ts';
import { withDatabase } from '../../src/lib/base/postgres.ts';
import { openLocalObjectStore } from '../../src/lib/cloud/local/object-store.ts';
import type { ObjectStore } from '../../src/lib/cloud/object-store.ts';
import { applyPlan } from '../../src/lib/operation/apply.ts';
import { savePlan } from '../../src/lib/operation/plan-store.ts';
import { type ObjectsWorld, objectsWorld } from './objects-world.ts';
import { sql } from './round-trip.ts';

let world: ObjectsWorld;
let target: ObjectStore;
let setId: string;
const database = `with_objects_${process.pid}`;

beforeAll(async () => {
  world = await objectsWorld();
  for (const key of ['a/1', 'a/2']) await world.mailed(key, `body of ${key}`);
  await world.named('a/1', 'a/2', 'a/gone');
  ({ setId } = await runBackup(world.context()));
  target = await openLocalObjectStore({ path: join(world.folder, 'target'), durability: 'fast' });
});
afterAll(async () => {
  await world?.close();
});

const context = () =>
  world.restoreContext({
    workers: 1,
    sets: world.sets,
    profile: world.sets.profile,
    objectStore: (name) =>
      name === 'target'
        ? Promise.resolve(target)
        : Promise.reject(usageError('no such store', { code: 'store-unknown' })),
  });

test('the mail objects of a set come back under a prefix, by a step of the plan, before the database opens', async () => {
  const restore = await context();
  const plan = await planRestore(restore, setId, { database, objectsTo: ['target/restored'] });
  expect(plan.body.steps.map(({ summary }) => summary)).toContain(
    'restore mail objects: those of mail to target/restored/',
  );
  await savePlan(restore, plan);
  const applied = await applyPlan(restore, backupRestore, plan.id);
  const result = await restoreOutcome(restore, { plan, applied });
  expect(result).toMatchObject({ objects: { objects: 2, stored: 2, missing: 1 } });
  expect(Buffer.from(await target.get('restored/a/2')).toString()).toBe('body of a/2');
  expect(
    await sql(withDatabase(world.platformUrl, database), 'select count(*)::int as n from message'),
  ).toEqual([{ n: 3 }]);
  await sql(world.platformUrl, `drop database ${database}`);
});

test.each([
  [['nowhere'], 'store-unknown'],
  [['other=target'], 'bucket-unknown'],
  [['=target'], 'bucket-untold'],
  [['/prefix'], 'bucket-untold'],
])('%j is refused before anything is made', async (objectsTo, code) => {
  await expect(planRestore(await context(), setId, { database, objectsTo })).rejects.toMatchObject({
    exitCode: 2,
    code,
  });
});

test('a set without mail objects has none to restore', async () => {
  const { objects: _, ...without } = world.context();
  const bare = await runBackup(without);
  await expect(
    planRestore(await context(), bare.setId, { database, objectsTo: ['target'] }),
  ).rejects.toMatchObject({ exitCode: 2, code: 'objects-none' });
});
