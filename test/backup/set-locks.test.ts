import { afterAll, beforeAll, expect, test } from 'vitest';
import { runBackup } from '../../src/lib/backup/run.ts';
import { setLocks } from '../../src/lib/backup/set-locks.ts';
import { type ObjectsWorld, objectsWorld } from './objects-world.ts';

const day = 86_400_000;
let world: ObjectsWorld;

beforeAll(async () => {
  world = await objectsWorld();
});
afterAll(() => world?.close());

test('a run tells the earliest lock of the data, and that of mail objects by its name; so does the store', async () => {
  await world.mailed('a/1.eml', 'first');
  const lock = { mode: 'governance', duration: 10 * day } as const;
  const context = world.context();
  const [destination] = context.destinations;
  if (destination === undefined) throw new Error('there is no destination');
  const run = await runBackup({ ...context, destinations: [{ ...destination, lock }] });
  const [data, objects] = [10, 40].map((days) => new Date(Date.parse(run.startedAt) + days * day));
  expect(run.destinations).toMatchObject([
    { lockedUntil: data?.toISOString(), objectsLockedUntil: objects?.toISOString() },
  ]);
  expect(await setLocks(destination.store, destination.prefix, run.setId)).toEqual({ data, objects });
  const plain = await runBackup(context);
  expect(plain.destinations).toMatchObject([{ lockedUntil: null, objectsLockedUntil: null }]);
  expect(await setLocks(destination.store, destination.prefix, plain.setId)).toEqual({
    data: undefined,
    objects: undefined,
  });
  expect(await setLocks(destination.store, destination.prefix, '20260101T000000Z-00000001')).toBeUndefined();
});
